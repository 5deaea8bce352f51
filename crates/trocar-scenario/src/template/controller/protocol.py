# ---- The protocol: nothing below knows what is controlled --------------------------------------------------
# Frames of 8 bytes of header and a body; JSON to begin with, then binary. It is described in Trocar's
# docs/controller-protocol.md. Names of signals and parameters are those of Trocar without the robot's name in front.

HELLO, WELCOME, STEP, REPLY, STOP, FAILURE = 1, 2, 3, 4, 5, 6
VERSION, JSON, BINARY = 1, 0, 1


def words(values):
    """Floats as words of state."""
    return list(struct.unpack("<%dQ" % len(values), struct.pack("<%dd" % len(values), *values)))


def floats(state):
    """Words of state as floats."""
    return list(struct.unpack("<%dd" % len(state), struct.pack("<%dQ" % len(state), *state)))


def must_be(kind, hello):
    """Refuses a slot of another kind."""
    if hello["kind"] != kind:
        raise ValueError("this program is for a slot `%s`, which %s is not" % (kind, hello["slot"]))


class Input:
    """A group that is read: values in SI units and radians, and what is said of them."""

    __slots__ = ("inbox", "stamp_ns", "sequence", "valid", "fresh", "values")


class Activation:
    """What the controller is given at one instant, and what it answers."""

    def __init__(self, hello):
        start = len(hello["robot"]) + 1
        self.inputs, self.outputs, self.names = {}, {}, [p["path"][start:] for p in hello["parameters"]]
        step, reply, inboxes = "<4Q", "<4Q", 0
        for group in hello["inputs"]:
            made = self.inputs[group["path"][start:]] = Input()
            made.inbox = inboxes if group["inbox"] else None
            inboxes += group["inbox"]
            step += "3Q%dd" % len(group["elements"])
        for group in hello["outputs"]:
            self.outputs[group["path"][start:]] = len(group["elements"])
            reply += "2Q%dd" % len(group["elements"])
        self.sizes = [len(group["elements"]) for group in hello["inputs"]]
        self.step = struct.Struct(step + "%dd%dQ" % (len(self.names), len(hello["state"])))
        self.reply = struct.Struct(reply + "%dQ" % len(hello["state"]))

    def read_step(self, body):
        numbers = self.step.unpack(body)
        self.activation, self.now_ns, self.elapsed_ns, self.digest = numbers[:4]
        at = 4
        for made, size in zip(self.inputs.values(), self.sizes):
            made.stamp_ns, made.sequence, flags = numbers[at : at + 3]
            made.valid, made.fresh = bool(flags & 1), bool(flags & 2)
            made.values = numbers[at + 3 : at + 3 + size]
            at += 3 + size
        self.parameters = dict(zip(self.names, numbers[at : at + len(self.names)]))
        self.state = list(numbers[at + len(self.names) :])
        self.taken, self.written = 0, {}

    def take(self, name):
        """Takes a command out of an inbox: whether there was a new one. Its values are those of the input."""
        made = self.inputs[name]
        if made.fresh:
            self.taken |= 1 << made.inbox
        made.fresh, was_fresh = False, made.fresh
        return was_fresh

    def write(self, name, values, valid=True, stamp_ns=None):
        """Writes an output, stamped now unless it says when its values were taken."""
        if len(values) != self.outputs[name]:
            raise ValueError("%s has %d values, not %d" % (name, self.outputs[name], len(values)))
        self.written[name] = (1 | 2 * bool(valid), self.now_ns if stamp_ns is None else stamp_ns, values)

    def write_reply(self):
        numbers = [self.activation, self.now_ns, self.digest, self.taken]
        for name, size in self.outputs.items():
            flags, stamp_ns, values = self.written.get(name) or (0, 0, [0.0] * size)
            numbers += [flags, stamp_ns, *values]
        return self.reply.pack(*numbers, *self.state)


def channel():
    """The socket to Trocar: standard input, unless an address is given."""
    address = os.environ.get("TROCAR_ADDRESS")
    if address is None:
        return socket.socket(fileno=os.dup(0))
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        made = socket.create_connection((host, int(port)))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.connect(address)
    return made


def exactly(stream, size):
    data = stream.read(size)
    if len(data) != size:
        sys.exit("the simulator has gone")
    return data


def main():
    sock = channel()
    stream = sock.makefile("rb", 65536)

    def send(kind, encoding, body):
        sock.sendall(struct.pack("<IBBBB", len(body), VERSION, kind, encoding, 0) + body)

    def send_json(kind, value):
        send(kind, JSON, json.dumps(value).encode())

    try:
        while True:
            size, version, kind, _, _ = struct.unpack("<IBBBB", exactly(stream, 8))
            body = exactly(stream, size)
            if version != VERSION:
                raise ValueError("this program speaks version 1 of the protocol, not %d" % version)
            if kind == HELLO:
                hello = json.loads(body)
                controller, io = Controller(hello), Activation(hello)
                welcome = {"protocol": "trocar-controller", "version": VERSION, "encoding": "binary",
                           "name": os.path.basename(sys.argv[0]), "restorable": True}
                if "TROCAR_TOKEN" in os.environ:
                    welcome["token"] = os.environ["TROCAR_TOKEN"]
                send_json(WELCOME, welcome)
            elif kind == STEP:
                io.read_step(body)
                controller.activate(io)
                send(REPLY, BINARY, io.write_reply())
            elif kind == STOP:
                return
            else:
                raise ValueError("a frame of type %d was not expected" % kind)
    except Exception as error:  # Trocar names it in its verdict; the traceback is kept with the result
        traceback.print_exc()
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        send_json(FAILURE, {"what": "line %d: %s: %s" % (line, type(error).__name__, error)})
        sys.exit(1)


if __name__ == "__main__":
    main()
