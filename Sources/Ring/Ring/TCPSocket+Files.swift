internal import Base
internal import CPlatform
internal import Glibc

extension TCPSocket {
    /// Sends `count` bytes of `file` from `offset` without looking at them.
    ///
    /// - Parameter timeout: How long the peer may take nothing.
    /// - Throws: ``IOError/system(_:)`` with `EIO` when the file is shorter than promised: the
    ///   connection is then of no use any more.
    public func sendFile(
        _ file: File, offset: UInt64, count: UInt64, timeout: Duration?
    ) async throws(IOError) {
        try await flush(timeout: timeout)
        var position = offset
        let end = offset + count
        while position < end {
            let pipe = try borrowPipe()
            do throws(IOError) {
                position = try await fillAndDrain(
                    pipe, file: file, position: position, end: end, timeout: timeout)
            } catch {
                // What is left inside would be somebody else's bytes: the pipe is not given back.
                throw error
            }
            core.pipes.giveBack(pipe)
            // A peer that reads as fast as we send must not keep the core from its other tasks.
            await Task.yield()
        }
    }

    /// Moves up to one pipe's worth from the file to the socket; returns the new position.
    private func fillAndDrain(
        _ pipe: borrowing Pipe, file: File, position: UInt64, end: UInt64, timeout: Duration?
    ) async throws(IOError) -> UInt64 {
        let wanted = Int(min(UInt64(pipe.capacity), end - position))
        let filled = cplatform_splice(
            file.number, Int64(position), pipe.writeEnd.number, -1, wanted, 0)
        guard filled > 0 else { throw .system(filled == 0 ? Errno(EIO) : Errno(Int32(-filled))) }
        let isLast = position + UInt64(filled) >= end
        var left = filled
        while left > 0 {
            if link.isClosed { throw .closed }
            let moved = cplatform_splice(
                pipe.readEnd.number, -1, link.number, -1, left, isLast ? 0 : 1)
            if moved > 0 {
                left -= moved
            } else if moved == -Int(EAGAIN) {
                try await poll(Int32(POLLOUT), timeout: timeout)
            } else {
                throw moved == 0 ? .closed : IOError(Errno(Int32(-moved)))
            }
        }
        return position + UInt64(filled)
    }

    /// Moves the next `count` bytes of the stream into `file` at `offset`, without looking at them.
    ///
    /// - Returns: How many came; fewer than `count` when the peer closed its side, broke off, or
    ///   sent nothing for `timeout`. What came is in the file.
    /// - Throws: ``IOError/system(_:)`` when the file cannot be written.
    public func receiveIntoFile(
        _ file: File, offset: UInt64, count: UInt64, timeout: Duration?
    ) async throws(IOError) -> UInt64 {
        var received: UInt64 = 0
        while received < count {
            if link.isClosed { throw .closed }
            let pipe = try borrowPipe()
            let wanted = Int(min(UInt64(pipe.capacity), count - received))
            let taken = cplatform_splice(link.number, -1, pipe.writeEnd.number, -1, wanted, 0)
            if taken == -Int(EAGAIN) {
                core.pipes.giveBack(pipe)
                do throws(IOError) {
                    try await poll(Int32(POLLIN), timeout: timeout)
                } catch {
                    return received
                }
                continue
            }
            guard taken > 0 else {
                core.pipes.giveBack(pipe)
                return received
            }
            try drain(pipe, into: file, at: offset + received, count: taken)
            core.pipes.giveBack(pipe)
            received += UInt64(taken)
            await Task.yield()
        }
        return received
    }

    private func drain(
        _ pipe: borrowing Pipe, into file: File, at offset: UInt64, count: Int
    ) throws(IOError) {
        var written = 0
        while written < count {
            let moved = cplatform_splice(
                pipe.readEnd.number, -1, file.number, Int64(offset) + Int64(written),
                count - written, 0)
            guard moved > 0 else { throw .system(moved == 0 ? Errno(EIO) : Errno(Int32(-moved))) }
            written += moved
        }
    }

    private func borrowPipe() throws(IOError) -> Pipe {
        do throws(Errno) {
            return try core.pipes.borrow()
        } catch {
            throw .system(error)
        }
    }
}
