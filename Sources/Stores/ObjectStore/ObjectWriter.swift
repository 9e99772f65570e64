public import Base
internal import Glibc
public import Ring
internal import Synchronization

/// An object while it is written: nobody sees it before ``publish()``, and then all of it.
///
/// Used by one task at a time, on a core. A writer that is dropped is aborted, unless it is
/// resumable: then what was written waits for the next one.
public final class ObjectWriter: Sendable {
    public let key: ObjectKey
    /// The file behind it, for splicing into or for a worker. Announce with ``reserve(upTo:)``
    /// before writing to it directly, and tell ``wrote(upTo:)`` after.
    public let file: File

    private let store: DiskStore
    private let path: String
    private let isResumable: Bool
    private let state: Mutex<State>

    private struct State {
        /// The end of what was written.
        var size: UInt64
        /// The end of what is announced to the space guard.
        var reservedEnd: UInt64
        var isOpen = true
    }

    /// Room is announced in steps of this, beyond what was announced at the start.
    private static let stepBytes: UInt64 = 8 << 20

    init(
        key: ObjectKey, file: File, path: String, size: UInt64, reservedEnd: UInt64,
        isResumable: Bool, store: DiskStore
    ) {
        self.key = key
        self.file = file
        self.path = path
        self.isResumable = isResumable
        self.store = store
        state = Mutex(State(size: size, reservedEnd: max(size, reservedEnd)))
    }

    deinit { close(removing: !isResumable) }

    /// The number of bytes written so far.
    public var sizeBytes: UInt64 { state.withLock { $0.size } }

    /// Writes `bytes` behind what was written.
    public func append(_ bytes: Bytes) async throws(ObjectStoreError) {
        try await write(bytes, at: sizeBytes)
    }

    /// Writes `bytes` at `offset`.
    public func write(_ bytes: Bytes, at offset: UInt64) async throws(ObjectStoreError) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.count))
        guard !overflow else { throw .noSpace }
        try reserve(upTo: end)
        do throws(Errno) {
            try await file.write(bytes, at: offset)
        } catch {
            throw ObjectStoreError(error)
        }
        wrote(upTo: end)
    }

    /// Makes sure that the object may grow to `end` bytes without filling the disk.
    public func reserve(upTo end: UInt64) throws(ObjectStoreError) {
        let missing = try state.withLock { state throws(ObjectStoreError) -> UInt64 in
            guard state.isOpen else { throw .ended }
            return end > state.reservedEnd ? end - state.reservedEnd : 0
        }
        guard missing > 0 else { return }
        // A little ahead, so that not every piece asks the file system; near the end exactly.
        var step = max(missing, Self.stepBytes)
        do throws(ObjectStoreError) {
            try store.space.reserve(step)
        } catch {
            guard error == .noSpace, step > missing else { throw error }
            step = missing
            try store.space.reserve(step)
        }
        state.withLock { $0.reservedEnd += step }
    }

    /// Tells that the bytes up to `end` were written through ``file``.
    public func wrote(upTo end: UInt64) {
        let written = state.withLock { state -> UInt64 in
            guard state.isOpen, end > state.size else { return 0 }
            let before = min(state.size, state.reservedEnd)
            let after = min(end, state.reservedEnd)
            state.size = end
            return after - before
        }
        store.space.release(written)
    }

    /// Returns when what was written is on disk: an offset may now be acknowledged.
    public func synchronize() async throws(ObjectStoreError) {
        guard state.withLock({ $0.isOpen }) else { throw .ended }
        do throws(Errno) {
            try await file.synchronize()
        } catch {
            throw ObjectStoreError(error)
        }
    }

    /// Makes the object visible, whole and durable, in the place of what had its key before.
    @discardableResult
    public func publish() async throws(ObjectStoreError) -> ObjectStatus {
        try await synchronize()
        try await store.rename(path, to: key)
        close(removing: false)
        do throws(Errno) {
            return ObjectStatus(try file.statistics())
        } catch {
            throw ObjectStoreError(error)
        }
    }

    /// Gives the object up; what was written is gone, also that of a resumable writer.
    public func abort() {
        close(removing: true)
    }

    /// Ends this writer. What a resumable one wrote stays for the next.
    private func close(removing: Bool) {
        let unused = state.withLock { state -> UInt64? in
            guard state.isOpen else { return nil }
            state.isOpen = false
            return state.reservedEnd - min(state.size, state.reservedEnd)
        }
        guard let unused else { return }
        store.space.release(unused)
        store.closed(path, isResumable: isResumable)
        guard removing else { return }
        unsafe unlink(path)
        // Gives the room back now, though somebody may hold the file open for a while.
        ftruncate(file.number, 0)
    }
}
