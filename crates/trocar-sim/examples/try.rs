//! try
use trocar_signal::*;
struct P(u64, Vec<String>, Option<std::rc::Rc<Layout>>);
impl trocar_sim::sink::Sink for P {
    fn begin(&mut self, m: &trocar_sim::Model, _: &trocar_sim::State) -> std::io::Result<()> { self.2 = Some(std::rc::Rc::new(m.layout.clone())); Ok(()) }
    fn record(&mut self, now: Time, t: &Table) -> std::io::Result<()> {
        self.0 += 1;
        if self.0 % 100 == 1 { let l = self.2.as_ref().unwrap(); let mut s = format!("{now} "); for p in &self.1 { if let Some(e) = l.element(p) { s += &format!("{}={:.5}({},{}) ", p.rsplit('.').take(3).collect::<Vec<_>>().join("<"), t.value(e), t.header(e.group).sequence, t.header(e.group).valid); } } eprintln!("{s}"); }
        Ok(()) }
    fn digest(&mut self, _: Time, _: u64, _: &[u64]) -> std::io::Result<()> { Ok(()) }
    fn snapshot(&mut self, _: Time, _: &trocar_sim::State) -> std::io::Result<()> { Ok(()) }
    fn event(&mut self, now: Time, e: trocar_sim::sink::RunEvent<'_>) -> std::io::Result<()> { eprintln!("{now} {e:?}"); Ok(()) }
    fn end(&mut self, _: Time) -> std::io::Result<()> { Ok(()) }
}
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let (files, address) = trocar_scenario::Files::open(std::path::Path::new(&path)).unwrap();
    let loaded = match trocar_scenario::load(&files, &address, &Default::default()) { Ok(l) => l, Err(f) => { eprintln!("{}", trocar_scenario::render::to_text(&f.diagnostics, &f.files, false)); return; } };
    let compiled = match trocar_sim::compile(&loaded) { Ok(c) => c, Err(d) => { let files: Vec<_> = loaded.files.clone(); eprintln!("{}", trocar_scenario::render::to_text(&d, &files, false)); return; } };
    let case = compiled.case(0).unwrap();
    let t0 = std::time::Instant::now();
    let mut watch = trocar_sim::Watch { progress: &mut |_| true };
    let mut sink = P(0, std::env::args().skip(2).collect(), None);
    let out = trocar_sim::run(&case, &Default::default(), &mut sink, &mut watch).unwrap();
    let dt = t0.elapsed().as_secs_f64();
    println!("{}", serde_json::to_string_pretty(&out).unwrap());
    eprintln!("{:.3} s wall, {} s simulated, {:.1}x", dt, out.simulated_s, out.simulated_s / dt);
}
