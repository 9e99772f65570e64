internal import CAV

/// Why work on media stopped.
enum MediaFailure: Error, Equatable, Sendable {
    /// The file is at fault; the words are for its owner.
    case unusable(String)
    /// We are, or the machine is.
    case broken(String)
    /// The parent went away.
    case parentGone

    /// A call of libav that must not fail, with its error number.
    static func broken(_ what: String, code: Int32) -> MediaFailure {
        var text = [CChar](repeating: 0, count: 128)
        _ = unsafe av_strerror(code, &text, text.count)
        let words = String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return .broken("\(what): \(words)")
    }
}
