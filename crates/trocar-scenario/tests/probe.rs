#[test]
fn probe() {
    use trocar_scenario::*;
    for (n, s) in schema::schemas() { std::fs::write(format!("/tmp/ts/{n}.json"), serde_json::to_string_pretty(s).unwrap()).unwrap(); }
    for f in ["knee_encoder_stuck.toml", "pose_repeatability.toml"] {
        let text = std::fs::read_to_string(format!("/work/shared/examples/{f}")).unwrap();
        let files = Files::in_memory([(f.to_string(), text)].into());
        match load(&files, f, &Overrides::default()) {
            Ok(_) => println!("ok"),
            Err(e) => println!("{}", render::to_text(&e.diagnostics, &e.files, false)),
        }
    }
}
