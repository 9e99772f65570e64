internal import Base
internal import CPlatform

/// A pipe for `splice`: bytes pass through the kernel without being seen.
struct Pipe: ~Copyable {
    let readEnd: Descriptor
    let writeEnd: Descriptor
    /// Bytes that it can hold.
    let capacity: Int

    init() throws(Errno) {
        var ends: (Int32, Int32) = (-1, -1)
        let size = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe cplatform_pipe($0.baseAddress?.assumingMemoryBound(to: Int32.self), 1 << 20)
        }
        guard size >= 0 else { throw Errno(-size) }
        readEnd = Descriptor(owning: ends.0)
        writeEnd = Descriptor(owning: ends.1)
        capacity = Int(size)
    }
}

/// The spare pipes of a core. One is borrowed only while bytes are in flight, so that ten thousand
/// idle downloads hold none.
struct PipePool: ~Copyable {
    private static let sparesMax = 8
    private var spares = InlineArray<8, Pipe?> { _ in nil }
    private var count = 0

    mutating func borrow() throws(Errno) -> Pipe {
        guard count > 0 else { return try Pipe() }
        count -= 1
        guard let pipe = spares[count].take() else { return try Pipe() }
        return pipe
    }

    /// Takes back a pipe that must be empty.
    mutating func giveBack(_ pipe: consuming Pipe) {
        guard count < Self.sparesMax else { return }
        spares[count] = consume pipe
        count += 1
    }
}
