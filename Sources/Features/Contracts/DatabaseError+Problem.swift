internal import Base
public import Database
public import HTTP
internal import HTTPWire

/// What clients are told when the database cannot do its work. Features catch what they expect;
/// the rest comes here.
extension DatabaseError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .full: return .insufficientStorage
        case .busy, .closed:
            return Problem(
                .serviceUnavailable, "The server is busy; try again soon.",
                headers: ["Retry-After": "1"])
        case .tooLarge: return .contentTooLarge("That is more than the server keeps in one piece.")
        case .constraint, .mismatch, .misuse, .corrupt, .newer, .migration, .inputOutput:
            Log.error("the database refused", ["reason": description])
            return .internalError
        }
    }
}
