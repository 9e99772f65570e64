internal import Base
internal import HTTP

/// What the values that describe a video must look like.
enum VideoRules {
    static let titleLength = 1...200
    static let descriptionBytesMax = 10_000
    static let filenameBytesMax = 1_024
    static let passwordLength = 1...128
    static let chaptersMax = 200

    /// Why `title` is not accepted; nil when it is.
    static func problem(title: String) -> String? {
        guard titleLength.contains(title.count), title.utf8.count <= 1_000 else {
            return "must have \(titleLength.lowerBound) to \(titleLength.upperBound) characters"
        }
        guard isText(title, allowsLines: false) else { return "holds control characters" }
        guard title.contains(where: { !$0.isWhitespace }) else { return "is blank" }
        return nil
    }

    static func problem(description: String) -> String? {
        guard description.utf8.count <= descriptionBytesMax else {
            return "must have at most \(descriptionBytesMax) bytes"
        }
        return isText(description, allowsLines: true) ? nil : "holds control characters"
    }

    static func problem(filename: String) -> String? {
        guard (1...filenameBytesMax).contains(filename.utf8.count) else {
            return "must have 1 to \(filenameBytesMax) bytes"
        }
        return isText(filename, allowsLines: false) ? nil : "holds control characters"
    }

    static func problem(password: String) -> String? {
        passwordLength.contains(password.count) && password.utf8.count <= 512
            ? nil
            : "must have \(passwordLength.lowerBound) to \(passwordLength.upperBound) characters"
    }

    /// Whether `tag` looks like a language tag (BCP 47): `en`, `pt-br`, `zh-hans`.
    static func isLanguage(_ tag: some StringProtocol) -> Bool {
        let parts = tag.utf8.split(separator: 0x2D, omittingEmptySubsequences: false)
        guard tag.utf8.count <= 35, let first = parts.first, (2...3).contains(first.count),
            first.allSatisfy({ (0x61...0x7A).contains($0) })
        else { return false }
        return parts.allSatisfy { part in
            (1...8).contains(part.count)
                && part.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        }
    }

    private static func isText(_ text: String, allowsLines: Bool) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: allowsLines
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: false
            // Marks that turn the direction of what follows on the page.
            case 0x202A...0x202E, 0x2066...0x2069: false
            default: true
            }
        }
    }

    /// A title from the name of a file: without its folder and its extension.
    static func title(fromFilename filename: String) -> String {
        var name = filename.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
        if let dot = name.lastIndex(of: "."), dot != name.startIndex { name = name[..<dot] }
        let words = name.map { $0 == "_" ? " " : $0 }.prefix(titleLength.upperBound)
        let title = String(words)
        return problem(title: title) == nil ? title : "Untitled"
    }
}

/// What a client asks a new video to be.
struct VideoDraft: Sendable {
    var filename: String
    var sizeBytes: Int64
    var title: String
    var description: String
    var privacy: Privacy
    var password: String?

    /// Checks everything at once, so that a form can show all that is wrong.
    init(
        filename: String, size: Int64, title: String?, description: String?, privacy: String?,
        password: String?, sizeMax: Int64
    ) throws(Problem) {
        var errors: [FieldError] = []
        func check(_ field: String, _ reason: String?) {
            if let reason { errors.append(FieldError(field: field, detail: reason)) }
        }
        let isUntitled = title?.isEmpty ?? true
        let title = isUntitled ? VideoRules.title(fromFilename: filename) : title ?? ""
        let wanted = privacy.map { Privacy(rawValue: $0) } ?? .private
        check("filename", VideoRules.problem(filename: filename))
        check("size", size > 0 ? nil : "must be above 0")
        check("title", VideoRules.problem(title: title))
        check("description", description.flatMap(VideoRules.problem(description:)))
        check("privacy", wanted == nil ? Self.privacyWords : nil)
        if wanted == .password {
            check("password", password.map(VideoRules.problem(password:)) ?? "is needed")
        }
        guard errors.isEmpty, let wanted else { throw .unprocessable(errors) }
        guard size <= sizeMax else {
            throw .contentTooLarge("A film may have at most \(sizeMax) bytes.")
        }
        self.filename = filename
        sizeBytes = size
        self.title = title
        self.description = description ?? ""
        self.privacy = wanted
        self.password = wanted == .password ? password : nil
    }

    static var privacyWords: String {
        "must be one of " + Privacy.allCases.map(\.rawValue).joined(separator: ", ")
    }
}
