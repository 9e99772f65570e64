internal import Base
internal import CYAML

/// Reads a YAML file into flat entries: `http: {listen: x}` becomes `http.listen` = `x`, a list of
/// scalars one comma-separated value. Parsed by libyaml; anchors, tags and deep nesting are refused.
struct YAMLReader {
    struct Entry: Equatable {
        let key: String
        let value: String
        let line: Int
    }

    struct Failure: Error, Equatable {
        let line: Int
        let reason: String
    }

    private static let depthMax = 6
    private static let entriesMax = 1000

    /// One open collection.
    private enum Level {
        case mapping(key: String?)
        case list([String])
    }

    private var path: [String] = []
    private var levels: [Level] = []
    private var entries: [Entry] = []

    /// Reads the whole of `text`, at most 1 MB.
    static func read(_ text: [UInt8]) throws(Failure) -> [Entry] {
        guard text.count <= 1 << 20 else { throw Failure(line: 1, reason: "larger than 1 MB") }
        var parser = unsafe yaml_parser_t()
        guard unsafe yaml_parser_initialize(&parser) == 1 else {
            throw Failure(line: 1, reason: "out of memory")
        }
        defer { unsafe yaml_parser_delete(&parser) }
        var reader = YAMLReader()
        // Safe because: the buffer outlives the parser, which is deleted before it is let go.
        let outcome: Result<Void, Failure> = unsafe text.withUnsafeBufferPointer { buffer in
            unsafe yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            return unsafe reader.run(&parser)
        }
        try outcome.get()
        return reader.entries
    }

    private mutating func run(_ parser: inout yaml_parser_t) -> Result<Void, Failure> {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
                let reason = unsafe parser.problem.map { unsafe String(cString: $0) }
                let line = unsafe Int(parser.problem_mark.line) + 1
                return .failure(Failure(line: line, reason: reason ?? "not YAML"))
            }
            defer { unsafe yaml_event_delete(&event) }
            if unsafe event.type == YAML_STREAM_END_EVENT { return .success(()) }
            do throws(Failure) {
                try unsafe take(event)
            } catch {
                return .failure(error)
            }
        }
    }

    private mutating func take(_ event: yaml_event_t) throws(Failure) {
        let line = unsafe Int(event.start_mark.line) + 1
        switch unsafe event.type {
        case YAML_ALIAS_EVENT:
            throw Failure(line: line, reason: "aliases are not taken")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            try takeScalar(unsafe String(decoding: bytes, as: UTF8.self), line: line)
        case YAML_MAPPING_START_EVENT:
            try open(.mapping(key: nil), line: line)
        case YAML_SEQUENCE_START_EVENT:
            try open(.list([]), line: line)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            try close(line: line)
        default:
            break
        }
    }

    private mutating func open(_ level: Level, line: Int) throws(Failure) {
        guard levels.count < Self.depthMax else {
            throw Failure(line: line, reason: "nested too deeply")
        }
        switch levels.last {
        case nil:
            guard case .mapping = level else {
                throw Failure(line: line, reason: "the file must be a mapping")
            }
        case .mapping(nil): throw Failure(line: line, reason: "a key must be a word")
        case .mapping(let key?): path.append(key)
        case .list: throw Failure(line: line, reason: "a list may hold plain values only")
        }
        levels.append(level)
    }

    private mutating func close(line: Int) throws(Failure) {
        guard let level = levels.popLast() else { return }
        if case .list(let values) = level {
            try add(values.joined(separator: ","), key: path.joined(separator: "."), line: line)
        }
        guard let parent = levels.indices.last else { return }
        path.removeLast()
        levels[parent] = .mapping(key: nil)
    }

    private mutating func takeScalar(_ text: String, line: Int) throws(Failure) {
        guard let index = levels.indices.last else {
            if text.isEmpty { return }
            throw Failure(line: line, reason: "the file must be a mapping")
        }
        switch levels[index] {
        case .list(let values):
            levels[index] = .list(values + [text])
        case .mapping(nil):
            levels[index] = .mapping(key: text)
        case .mapping(let key?):
            try add(text, key: (path + [key]).joined(separator: "."), line: line)
            levels[index] = .mapping(key: nil)
        }
    }

    private mutating func add(_ value: String, key: String, line: Int) throws(Failure) {
        guard entries.count < Self.entriesMax else {
            throw Failure(line: line, reason: "too many entries")
        }
        entries.append(Entry(key: key, value: value, line: line))
    }
}
