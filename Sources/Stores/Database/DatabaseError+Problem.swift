public import HTTP
internal import HTTPWire

extension DatabaseError: ProblemConvertible {
    /// What a client is told: only that the disk is full or that it may try again is its matter.
    /// A constraint that gets here was not foreseen by who wrote, so it is our fault.
    public var problem: Problem {
        switch self {
        case .full: .insufficientStorage
        case .busy, .closed:
            Problem(
                .serviceUnavailable, "The server is busy. Please try again.",
                headers: ["Retry-After": "2"])
        default: .internalError
        }
    }
}
