internal import Base
internal import Glibc

/// The lasting name of this node, kept in its data directory. By it a restarted node knows its
/// own leases from those of others.
public struct NodeIdentity: Hashable, Sendable {
    public let name: String

    /// A node of the given name.
    public init(name: String) {
        self.name = name
    }

    /// Reads the name from `directory`, or makes one there.
    public static func load(directory: String) throws -> NodeIdentity {
        let path = directory + "/node-id"
        if let known = try read(path) { return NodeIdentity(name: known.description) }
        let fresh = Identifier()
        let partial = path + ".\(fresh)"
        let file = Descriptor(
            owning: try systemCall { unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL, 0o600) })
        let number = file.number
        let text = Array((fresh.description + "\n").utf8)
        try systemCall { unsafe write(number, text, text.count) }
        try systemCall { fsync(number) }
        // Linked, not renamed: of two that start at once, one wins and both use its name.
        do throws(Errno) {
            try systemCall { unsafe link(partial, path) }
        } catch  where error != .exists {
            unsafe unlink(partial)
            throw error
        } catch {
            Log.debug("the node was named meanwhile")
        }
        unsafe unlink(partial)
        guard let name = try read(path) else { throw Errno.notFound }
        return NodeIdentity(name: name.description)
    }

    private static func read(_ path: String) throws(Errno) -> Identifier? {
        let number: Int32
        do throws(Errno) {
            number = try systemCall { unsafe open(path, O_RDONLY | O_CLOEXEC) }
        } catch .notFound {
            return nil
        }
        let file = Descriptor(owning: number)
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = try systemCall { unsafe Glibc.read(file.number, &buffer, 64) }
        let text = String(decoding: buffer.prefix(min(count, 36)), as: UTF8.self)
        guard let name = Identifier(text) else { throw .invalid }
        return name
    }
}
