public import HTTPWire

/// What a connection may cost.
public struct HTTPLimits: Sendable {
    public var head = RequestHead.Limits()
    /// From the first byte of a head to its last.
    public var headTimeout: Duration = .seconds(10)
    /// Between two requests.
    public var idleTimeout: Duration = .seconds(75)
    /// Without any byte of a body coming or going.
    public var stallTimeout: Duration = .seconds(30)
    /// A body slower than this, after ``stallTimeout``, is given up.
    public var bodyBytesPerSecondMin = 256
    /// What is read and thrown away of a body that no handler wanted, to keep the connection.
    public var unreadBytesMax = 262_144
    /// Requests on one connection.
    public var requestsMax = 100_000
    /// Open connections from one address.
    public var connectionsPerAddressMax = 1000

    public init() {}
}
