internal import Base
internal import CLiburing
internal import Glibc

/// The buffers of one core that the kernel receives into, picked when bytes are there, so that an
/// idle connection holds none.
@safe
final class ReceiveBuffers {
    /// Bytes of one buffer.
    static let size = 16_384
    /// How many there are; a power of two.
    static let count = 128
    /// The group's number in the ring.
    static let group: UInt16 = 1

    private let table: UnsafeMutablePointer<io_uring_buf_ring>
    private let memory: UnsafeMutableRawPointer

    /// Registers the buffers with `ring`; nil when the kernel cannot.
    init?(ring: inout io_uring) {
        let tableBytes = Self.count * MemoryLayout<io_uring_buf>.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let protection = PROT_READ | PROT_WRITE
        guard let page = unsafe mmap(nil, tableBytes, protection, flags, -1, 0),
            unsafe page != MAP_FAILED,
            let memory = unsafe mmap(nil, Self.size * Self.count, protection, flags, -1, 0),
            unsafe memory != MAP_FAILED,
            let table = unsafe cl_buffers_register(
                &ring, page, UInt32(Self.count), Self.group)
        else { return nil }
        unsafe self.table = table
        unsafe self.memory = memory
        for index in 0..<Self.count { giveBack(UInt16(index)) }
    }

    /// What the kernel put into buffer `index`.
    func contents(of index: UInt16, count: Int) -> UnsafeRawBufferPointer {
        invariant(
            Int(index) < Self.count && count <= Self.size, "a buffer outside of the group")
        return unsafe UnsafeRawBufferPointer(
            start: memory + Int(index) * Self.size, count: count)
    }

    /// Lets the kernel use buffer `index` again.
    func giveBack(_ index: UInt16) {
        unsafe cl_buffers_give(table, memory, UInt32(Self.size), index, UInt32(Self.count))
    }

    // The memory lives as long as its core, and a core as long as the process needs it; the kernel
    // lets go of it when the ring is closed, which happens before this is freed.
    deinit {
        unsafe munmap(table, Self.count * MemoryLayout<io_uring_buf>.stride)
        unsafe munmap(memory, Self.size * Self.count)
    }
}
