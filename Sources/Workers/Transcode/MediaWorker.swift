internal import Base
internal import CAV
internal import Glibc
internal import Workers

/// The body of `sluice worker media`: one request, answered inside the sandbox.
public enum MediaWorker {
    private static let limits = Sandbox.Limits(
        addressSpaceBytes: 12 << 30, cpuSeconds: 48 * 3600, openFiles: 32)

    /// Loads libav, gives everything else up, and works. Never returns to the caller's program.
    ///
    /// - Returns: The exit status.
    public static func run() -> Int32 {
        guard Sandbox.prepare() else { return complain("the server is gone") }
        var channel = ChildChannel()
        do throws(Errno) {
            guard let message = try channel.receive(), message.kind == MediaMessage.request,
                let descriptor = channel.takeDescriptor()
            else { return complain("no request came") }
            if let missing = unsafe cav_load() {
                return complain(unsafe "libav: " + String(cString: missing))
            }
            av_log_set_level(AV_LOG_FATAL)
            _ = try Sandbox.enter(limits)
            return work(message.payload, descriptor.number)
        } catch {
            return complain("the sandbox does not hold: \(error)")
        }
    }

    private static func complain(_ words: String) -> Int32 {
        var line = "media worker: \(words)\n"
        line.withUTF8 { _ = unsafe write(2, $0.baseAddress, $0.count) }
        return 70
    }

    private static func work(_ request: Bytes, _ descriptor: Int32) -> Int32 {
        let output = MediaOutput { (kind, parts) throws(MediaFailure) in
            do throws(Errno) {
                try ChildChannel.send(kind, parts)
            } catch {
                throw .parentGone
            }
        }
        do throws(MediaFailure) {
            do throws(MediaFailure) {
                try answer(request, descriptor, output)
                try output.send(MediaMessage.done)
            } catch .unusable(let words) {
                try output.send(MediaMessage.unusable, Bytes(words))
            } catch .broken(let words) {
                try output.send(MediaMessage.broken, Bytes(words))
            }
            return 0
        } catch {
            return complain("the server went away")
        }
    }

    /// Does what is asked; separate from the channel so that tests can call it.
    static func answer(
        _ bytes: Bytes, _ descriptor: Int32, _ output: MediaOutput
    ) throws(MediaFailure) {
        let request: MediaRequest
        do throws(MediaJSON.Unreadable) {
            request = try MediaJSON.decode(MediaRequest.self, bytes)
        } catch {
            throw .broken("the request cannot be read")
        }
        let open = { () throws(MediaFailure) in
            let copy = dup(descriptor)
            guard copy >= 0 else { throw .broken("no descriptor is left") }
            return try MediaFile(Descriptor(owning: copy))
        }
        switch request {
        case .probe:
            try output.sendJSON(MediaMessage.info, try Probe.run(try open()))
        case .thumbnail(let second, let width):
            let picture = try StillPictures(try open()).thumbnail(second: second, width: width)
            try output.send(MediaMessage.picture, picture)
        case .storyboard(let layout):
            try StillPictures(try open()).storyboard(layout) { (sheet) throws(MediaFailure) in
                try output.send(MediaMessage.picture, sheet)
            }
        case .transcode(let request):
            try Transcoder(request, output: output, openFile: open).run()
        }
    }
}
