internal import Base
internal import ObjectStore

/// Where the files of a video lie in the object store.
enum MediaKeys {
    static func source(_ id: Identifier) throws(ObjectStoreError) -> ObjectKey {
        try key("sources/\(id)")
    }

    static func folder(_ id: Identifier) throws(ObjectStoreError) -> ObjectKey {
        try key("videos/\(id)")
    }

    /// Identifiers, checked names and numbers always make a key; were it otherwise, there would be
    /// no such object.
    private static func key(_ text: String) throws(ObjectStoreError) -> ObjectKey {
        guard let key = ObjectKey(text) else { throw .notFound }
        return key
    }

    static func thumbnail(_ id: Identifier) throws(ObjectStoreError) -> ObjectKey {
        try key("videos/\(id)/thumbnail.jpg")
    }

    static func initialization(_ id: Identifier, _ rendition: String) throws(ObjectStoreError)
        -> ObjectKey
    {
        try key("videos/\(id)/\(rendition)/init.mp4")
    }

    static func segment(
        _ id: Identifier, _ rendition: String, _ number: Int
    ) throws(ObjectStoreError) -> ObjectKey {
        try key("videos/\(id)/\(rendition)/\(number).m4s")
    }

    static func sheet(_ id: Identifier, _ number: Int) throws(ObjectStoreError) -> ObjectKey {
        try key("videos/\(id)/storyboard/\(number).jpg")
    }

    static func caption(_ id: Identifier, _ language: String) throws(ObjectStoreError) -> ObjectKey
    {
        try key("videos/\(id)/captions/\(language).vtt")
    }
}

/// What a path below `/media/{id}/` asks for. Anything that is not exactly one of these is nothing,
/// so no path from outside ever reaches the file system.
enum MediaPath: Equatable, Sendable {
    case master
    case playlist(rendition: String)
    case keyframes(rendition: String)
    case initialization(rendition: String)
    case segment(rendition: String, number: Int)
    case caption(language: String)
    case captionList(language: String)
    case thumbnail
    case storyboard
    case sheet(Int)

    init?(_ path: some StringProtocol) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.count, parts[0]) {
        case (1, "master.m3u8"): self = .master
        case (1, "thumbnail.jpg"): self = .thumbnail
        case (1, "storyboard.vtt"): self = .storyboard
        case (2, "storyboard"):
            guard let number = Self.number(parts[1], suffix: ".jpg") else { return nil }
            self = .sheet(number)
        case (2, "captions"):
            if parts[1].hasSuffix(".vtt"), VideoRules.isLanguage(parts[1].dropLast(4)) {
                self = .caption(language: String(parts[1].dropLast(4)))
            } else if parts[1].hasSuffix(".m3u8"), VideoRules.isLanguage(parts[1].dropLast(5)) {
                self = .captionList(language: String(parts[1].dropLast(5)))
            } else {
                return nil
            }
        case (2, _):
            guard Rendition.isName(parts[0]) else { return nil }
            let name = String(parts[0])
            switch parts[1] {
            case "playlist.m3u8": self = .playlist(rendition: name)
            case "iframes.m3u8": self = .keyframes(rendition: name)
            case "init.mp4": self = .initialization(rendition: name)
            default:
                guard let number = Self.number(parts[1], suffix: ".m4s") else { return nil }
                self = .segment(rendition: name, number: number)
            }
        default: return nil
        }
    }

    /// The plain decimal before `suffix`, without sign or leading zeros.
    private static func number(_ text: some StringProtocol, suffix: String) -> Int? {
        guard text.hasSuffix(suffix) else { return nil }
        let digits = text.dropLast(suffix.count)
        guard (1...7).contains(digits.utf8.count), let number = Int(digits), number >= 0,
            String(number) == digits
        else { return nil }
        return number
    }
}
