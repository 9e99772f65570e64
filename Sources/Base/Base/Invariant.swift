#if canImport(Glibc)
    internal import Glibc
#endif

/// Stops the process when our own logic is broken; never used on input from outside.
///
/// Unlike `precondition`, the message survives a release build.
@inlinable
public func invariant(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #fileID, line: UInt = #line
) {
    if !condition() { invariantFailed(message(), file: file, line: line) }
}

/// The slow path of ``invariant(_:_:file:line:)``.
public func invariantFailed(_ message: String, file: StaticString, line: UInt) -> Never {
    Log.write(.error, "invariant broken", ["what": message, "where": "\(file):\(line)"])
    abort()
}
