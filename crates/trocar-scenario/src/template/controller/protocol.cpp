// ---- The protocol: nothing here knows what is controlled --------------------------------------------------
// Frames of 8 bytes of header and a body; JSON to begin with, then binary. It is described in Trocar's
// docs/controller-protocol.md. Names of signals and parameters are those of Trocar without the robot's name in front.

static_assert(sizeof(double) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the words below lie as in the frames");

enum Type : std::uint8_t { HELLO = 1, WELCOME = 2, STEP = 3, REPLY = 4, STOP = 5, FAILURE = 6 };
constexpr std::uint8_t VERSION = 1, JSON = 0, BINARY = 1;

inline double as_double(std::uint64_t word) {
    double value;
    std::memcpy(&value, &word, 8);
    return value;
}

inline std::uint64_t as_word(double value) {
    std::uint64_t word;
    std::memcpy(&word, &value, 8);
    return word;
}

/// A value of JSON.
struct Json {
    enum Kind { NOTHING, BOOLEAN, NUMBER, TEXT, LIST, OBJECT } kind = NOTHING;
    bool boolean = false;
    double number = 0.0;
    std::string text;
    std::vector<Json> list;           // of an object: the values
    std::vector<std::string> keys;    // of an object

    bool is_null() const { return kind == NOTHING; }
    const Json& operator[](const std::string& key) const {
        for (std::size_t i = 0; i < keys.size(); i++)
            if (keys[i] == key) return list[i];
        throw std::runtime_error("hello lacks \"" + key + "\"");
    }
};

/// Reads a text of JSON.
class JsonReader {
public:
    explicit JsonReader(const std::string& text) : at_(text.c_str()) {}

    Json value() {
        Json made;
        const char next = skip_space();
        if (next == '{' || next == '[') {
            made.kind = next == '{' ? Json::OBJECT : Json::LIST;
            const char end = next == '{' ? '}' : ']';
            at_++;
            while (skip_space() != end) {
                if (made.kind == Json::OBJECT) {
                    skip_space();
                    made.keys.push_back(string());
                    expect(':');
                }
                made.list.push_back(value());
                if (skip_space() != end) expect(',');
            }
            at_++;
        } else if (next == '"') {
            made.kind = Json::TEXT;
            made.text = string();
        } else if (word("true") || word("false")) {
            made.kind = Json::BOOLEAN;
            made.boolean = next == 't';
        } else if (!word("null")) {
            char* end = nullptr;
            made.kind = Json::NUMBER;
            made.number = std::strtod(at_, &end);
            if (end == at_) fail();
            at_ = end;
        }
        return made;
    }

private:
    [[noreturn]] void fail() const { throw std::runtime_error("no JSON: " + std::string(at_).substr(0, 20)); }
    char skip_space() {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') at_++;
        return *at_;
    }
    void expect(char wanted) {
        if (skip_space() != wanted) fail();
        at_++;
    }
    bool word(const char* wanted) {
        const std::size_t size = std::strlen(wanted);
        if (std::strncmp(at_, wanted, size) != 0) return false;
        at_ += size;
        return true;
    }
    std::string string() {
        std::string made;
        for (expect('"'); *at_ != '"'; at_++) {
            if (*at_ == '\0') fail();
            if (*at_ != '\\') {
                made += *at_;
                continue;
            }
            at_++;
            static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
            if (const char* found = *at_ ? std::strchr(plain, *at_) : nullptr) {
                made += meant[found - plain];
            } else if (*at_ == 'u' && std::strlen(at_) > 4) {
                const auto code = std::strtoul(std::string(at_ + 1, 4).c_str(), nullptr, 16);
                made += code < 128 ? static_cast<char>(code) : '?';  // names are ASCII
                at_ += 4;
            } else {
                fail();
            }
        }
        at_++;
        return made;
    }

    const char* at_;
};

inline std::string quoted(const std::string& text) {
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') made += '\\';
        made += static_cast<unsigned char>(c) < 32 ? ' ' : c;
    }
    return made + '"';
}

/// What the slot is: places of inputs, outputs and parameters by name.
struct Hello {
    Json json;

    std::size_t input(const std::string& name) const { return place("inputs", name, true); }
    std::size_t output(const std::string& name) const { return place("outputs", name, true); }
    std::size_t parameter(const std::string& name) const { return place("parameters", name, true); }
    void must_be(const std::string& kind) const {
        if (json["kind"].text == kind) return;
        throw std::runtime_error("this program is for a slot `" + kind + "`, which " + json["slot"].text + " is not");
    }
    bool has(const char* what, const std::string& name) const {
        return place(what, name, false) < json[what].list.size();
    }

private:
    std::size_t place(const char* what, const std::string& name, bool must) const {
        const std::string path = json["robot"].text + "." + name;
        const std::vector<Json>& list = json[what].list;
        std::size_t at = 0;
        while (at < list.size() && list[at]["path"].text != path) at++;
        if (must && at == list.size()) throw std::runtime_error("the slot has no " + path + " among its " + what);
        return at;
    }
};

/// A group that is read: values in SI units and radians, and what is said of them.
struct Input {
    std::uint64_t stamp_ns = 0, sequence = 0;
    bool valid = false, fresh = false;
    std::uint64_t inbox_bit = 0;
    std::vector<double> values;
};

/// A group that is written.
struct Output {
    bool written = false, valid = true;
    std::uint64_t stamp_ns = 0;
    std::vector<double> values;
};

/// What the controller is given at one instant, and what it answers.
struct Activation {
    std::uint64_t activation = 0, now_ns = 0, elapsed_ns = 0, digest = 0, taken = 0;
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    std::vector<double> parameters;
    std::vector<std::uint64_t> state;

    Activation() = default;
    explicit Activation(const Json& hello) {
        std::uint64_t inbox_bit = 1;
        for (const Json& group : hello["inputs"].list) {
            Input made;
            made.values.resize(group["elements"].list.size());
            if (group["inbox"].boolean) {
                made.inbox_bit = inbox_bit;
                inbox_bit <<= 1;
            }
            inputs.push_back(made);
        }
        for (const Json& group : hello["outputs"].list) {
            Output made;
            made.values.resize(group["elements"].list.size());
            outputs.push_back(made);
        }
        parameters.resize(hello["parameters"].list.size());
        state.resize(hello["state"].list.size());
    }

    /// Takes a command out of an inbox: whether there was a new one. Its values are those of the input.
    bool take(std::size_t input) {
        const bool fresh = inputs[input].fresh;
        if (fresh) taken |= inputs[input].inbox_bit;
        inputs[input].fresh = false;
        return fresh;
    }
    /// Writes an output, stamped now.
    void write(std::size_t output, const std::vector<double>& values, bool valid = true) {
        write_at(output, values, valid, now_ns);
    }
    /// Writes an output whose values were taken at `stamp_ns`.
    void write_at(std::size_t output, const std::vector<double>& values, bool valid, std::uint64_t stamp_ns) {
        Output& made = outputs[output];
        if (values.size() != made.values.size()) throw std::runtime_error("an output has another number of values");
        made.written = true;
        made.valid = valid;
        made.stamp_ns = stamp_ns;
        std::copy(values.begin(), values.end(), made.values.begin());
    }

    void read_step(const std::string& body) {
        const char* at = body.data();
        const char* end = at + body.size();
        const auto next = [&] {
            std::uint64_t word;
            if (end - at < 8) throw std::runtime_error("a step is too short");
            std::memcpy(&word, at, 8);
            at += 8;
            return word;
        };
        activation = next(), now_ns = next(), elapsed_ns = next(), digest = next();
        for (Input& input : inputs) {
            input.stamp_ns = next(), input.sequence = next();
            const std::uint64_t flags = next();
            input.valid = flags & 1, input.fresh = flags & 2;
            for (double& value : input.values) value = as_double(next());
        }
        for (double& value : parameters) value = as_double(next());
        for (std::uint64_t& word : state) word = next();
        taken = 0;
        for (Output& output : outputs) output.written = false;
    }

    void write_reply(std::string& body) const {
        body.clear();
        const auto put = [&](std::uint64_t word) { body.append(reinterpret_cast<const char*>(&word), 8); };
        put(activation), put(now_ns), put(digest), put(taken);
        for (const Output& output : outputs) {
            put(output.written ? 1 | std::uint64_t{output.valid} << 1 : 0);
            put(output.stamp_ns);
            for (const double value : output.values) put(as_word(value));
        }
        for (const std::uint64_t word : state) put(word);
    }
};

/// A socket to `HOST:PORT`, or to the path of a Unix socket.
inline int connect_to(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    int made = -1;
    if (colon != std::string::npos && address.find('/') == std::string::npos) {
        addrinfo hints{}, *found = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (getaddrinfo(address.substr(0, colon).c_str(), address.c_str() + colon + 1, &hints, &found) == 0) {
            made = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
            const int on = 1;
            const bool is_open = made >= 0 && connect(made, found->ai_addr, found->ai_addrlen) == 0;
            freeaddrinfo(found);
            if (is_open && setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) return made;
        }
    } else {
        sockaddr_un there{};
        there.sun_family = AF_UNIX;
        if (address.size() < sizeof there.sun_path) std::memcpy(there.sun_path, address.c_str(), address.size());
        made = socket(AF_UNIX, SOCK_STREAM, 0);
        if (made >= 0 && connect(made, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0) return made;
    }
    if (made >= 0) close(made);
    throw std::runtime_error("nobody answers at " + address);
}

inline void receive(int channel, char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = read(channel, to, size);
        if (got <= 0) throw std::runtime_error("the simulator has gone");
        to += got;
        size -= static_cast<std::size_t>(got);
    }
}

inline void send_frame(int channel, Type type, std::uint8_t encoding, const std::string& body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    std::string frame(reinterpret_cast<const char*>(&size), 4);
    frame += {static_cast<char>(VERSION), static_cast<char>(type), static_cast<char>(encoding), '\0'};
    frame += body;
    for (std::size_t sent = 0; sent < frame.size();) {
        const ssize_t put = send(channel, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) throw std::runtime_error("the simulator has gone");
        sent += static_cast<std::size_t>(put);
    }
}

/// Speaks with Trocar until the run is over; gives the exit status.
template <typename Slot>
int serve(const std::string& name) {
    int channel = -1;
    try {
        const char* address = std::getenv("TROCAR_ADDRESS");
        channel = address == nullptr ? 0 : connect_to(address);  // without one, standard input is the socket
        std::vector<Slot> controller;  // none before hello
        Activation io;
        std::string body, answer;
        while (true) {
            char header[8];
            receive(channel, header, sizeof header);
            std::uint32_t size;
            std::memcpy(&size, header, 4);
            body.resize(size);
            receive(channel, &body[0], size);
            if (header[4] != VERSION) throw std::runtime_error("this program speaks version 1 of the protocol");
            if (header[5] == HELLO) {
                const Hello hello{JsonReader(body).value()};
                controller.assign(1, Slot(hello));
                io = Activation(hello.json);
                const char* token = std::getenv("TROCAR_TOKEN");
                const std::string and_token = token ? ", \"token\": " + quoted(token) : "";
                send_frame(channel, WELCOME, JSON,
                           "{\"protocol\": \"trocar-controller\", \"version\": 1, \"encoding\": \"binary\", "
                           "\"restorable\": true, \"name\": " + quoted(name) + and_token + "}");
            } else if (header[5] == STEP && !controller.empty()) {
                io.read_step(body);
                controller[0].activate(io);
                io.write_reply(answer);
                send_frame(channel, REPLY, BINARY, answer);
            } else if (header[5] == STOP) {
                return 0;
            } else {
                throw std::runtime_error("a frame of a type that was not expected");
            }
        }
    } catch (const std::exception& error) {  // Trocar names it in its verdict
        std::fprintf(stderr, "%s\n", error.what());
        try {
            if (channel >= 0) send_frame(channel, FAILURE, JSON, "{\"what\": " + quoted(error.what()) + "}");
        } catch (const std::exception&) {
        }
        return 1;
    }
}

