public import Base
internal import FoundationEssentials

/// The few messages between server and worker that are JSON.
public enum MediaJSON {
    /// What could not be read.
    public struct Unreadable: Error, Sendable {}

    /// Decodes a message; never trusted beyond its shape.
    public static func decode<T: Decodable>(
        _ type: T.Type, _ bytes: Bytes
    ) throws(Unreadable) -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes.array))
        } catch {
            throw Unreadable()
        }
    }

    /// Encodes a request.
    public static func encode(request: MediaRequest) -> Bytes? {
        do throws(MediaFailure) {
            return try encode(request)
        } catch {
            return nil
        }
    }

    static func encode(_ value: some Encodable) throws(MediaFailure) -> Bytes {
        do {
            return Bytes(try JSONEncoder().encode(value))
        } catch {
            throw .broken("a message cannot be written")
        }
    }
}
