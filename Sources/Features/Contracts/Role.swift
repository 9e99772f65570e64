/// What an account may do. Each role may do all that the ones before it may.
public enum Role: String, CaseIterable, Comparable, Codable, Sendable {
    case viewer, moderator, streamer, admin

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .moderator: 1
        case .streamer: 2
        case .admin: 3
        }
    }

    public static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }
}
