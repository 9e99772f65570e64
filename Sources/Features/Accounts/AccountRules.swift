/// What names, addresses and passwords must look like.
enum AccountRules {
    static let usernameLength = 3...32
    static let passwordLength = 8...256
    static let emailBytesMax = 254
    static let displayNameLength = 1...64

    /// Names that would be mistaken for the server itself.
    private static let reserved: Set<String> = [
        "admin", "administrator", "root", "system", "sluice", "moderator", "support", "api", "me",
        "everyone", "here", "anonymous", "null", "undefined",
    ]

    /// Lower-cases ASCII only, so that no two different names fold into one by Unicode's rules.
    static func folded(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
    }

    /// Why `name` (already folded) cannot be a username; nil when it can.
    static func problem(username name: String, isReservedAllowed: Bool = false) -> String? {
        guard usernameLength.contains(name.utf8.count) else {
            return
                "must have \(usernameLength.lowerBound) to \(usernameLength.upperBound) characters"
        }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, 0x5F, 0x2D, 0x2E: true
            default: false
            }
        }
        guard isPlain else { return "may hold only a-z, 0-9, '_', '.' and '-'" }
        let isWordAtEnds = [name.utf8.first, name.utf8.last].allSatisfy { $0 != 0x2E && $0 != 0x2D }
        guard isWordAtEnds, !name.contains("..") else {
            return "must not begin or end with '.' or '-', nor hold '..'"
        }
        if !isReservedAllowed, reserved.contains(name) { return "is reserved" }
        return nil
    }

    /// Why `address` (already folded) is no e-mail address; nil when it may be one. Only the shape
    /// is checked: what it takes to be safe in a mail header and to have a domain.
    static func problem(email address: String) -> String? {
        let bytes = Array(address.utf8)
        let parts = bytes.split(separator: 0x40, omittingEmptySubsequences: false)
        let isPlain = bytes.allSatisfy { byte in
            switch byte {
            case 0x22, 0x28, 0x29, 0x2C, 0x3A, 0x3B, 0x3C, 0x3E, 0x5B, 0x5C, 0x5D: false
            default: byte > 0x20 && byte < 0x7F
            }
        }
        guard bytes.count <= emailBytesMax, isPlain, parts.count == 2,
            (1...64).contains(parts[0].count), isDomain(parts[1])
        else { return "is not an e-mail address" }
        return nil
    }

    private static func isDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
        let labels = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                    && label.allSatisfy { byte in
                        switch byte {
                        case 0x61...0x7A, 0x30...0x39, 0x2D: true
                        default: false
                        }
                    }
            }
    }

    /// Why `password` is not accepted; nil when it is. Length is what counts (NIST SP 800-63B);
    /// the name itself and one repeated character are the two guesses everybody tries first.
    static func problem(password: String, username: String) -> String? {
        let count = password.unicodeScalars.count
        guard passwordLength.contains(count), password.utf8.count <= 1024 else {
            return
                "must have \(passwordLength.lowerBound) to \(passwordLength.upperBound) characters"
        }
        if password.utf8.contains(0) { return "must not hold a NUL character" }
        if Set(password.unicodeScalars).count == 1 { return "is one character repeated" }
        if folded(password) == folded(username) { return "must not be the username" }
        return nil
    }

    /// Why `name` cannot be shown as a name; nil when it can.
    static func problem(displayName name: String) -> String? {
        guard displayNameLength.contains(name.count), name.utf8.count <= 256 else {
            return
                "must have \(displayNameLength.lowerBound) to \(displayNameLength.upperBound) characters"
        }
        guard name.unicodeScalars.allSatisfy(isVisible), name.contains(where: { !$0.isWhitespace })
        else { return "holds characters that cannot be shown" }
        return nil
    }

    /// Controls and marks that turn the direction of text would let a name disturb its page.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            return false
        case .format:
            // A joiner belongs in emoji and in several scripts.
            return scalar.value == 0x200D || scalar.value == 0x200C
        default:
            return true
        }
    }

    /// Why `colour` is not accepted; nil when it is `#rrggbb`.
    static func problem(colour: String) -> String? {
        let bytes = Array(colour.utf8)
        let isHex = bytes.dropFirst().allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
        guard bytes.count == 7, bytes.first == 0x23, isHex else { return "must look like #1a2b3c" }
        return nil
    }
}
