public import Base
internal import FoundationEssentials

/// JSON in snake_case, times as RFC 3339 and ids as text, at the edge of the server.
public enum JSON {
    /// Encodes without escaping slashes.
    public static func encode(_ value: some Encodable) throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return Bytes(try encoder.encode(value))
    }

    /// Decodes, naming the field that is not as it must be.
    ///
    /// - Throws: ``Problem``, 400 for what is not JSON and 422 for JSON of another shape.
    public static func decode<T: Decodable>(_ type: T.Type, from bytes: Bytes) throws(Problem) -> T
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(bytes.array))
        } catch let error as DecodingError {
            throw problem(error)
        } catch {
            throw .badRequest("The body is not JSON.")
        }
    }

    private static func problem(_ error: DecodingError) -> Problem {
        switch error {
        case .typeMismatch(_, let context): shape(context.codingPath, "has the wrong type")
        case .valueNotFound(_, let context): shape(context.codingPath, "must not be null")
        case .keyNotFound(let key, let context): shape(context.codingPath + [key], "is needed")
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? .badRequest("The body is not JSON.")
                : shape(context.codingPath, context.debugDescription)
        @unknown default: .badRequest("The body is not JSON.")
        }
    }

    private static func shape(_ path: [any CodingKey], _ detail: String) -> Problem {
        if path.isEmpty { return .unprocessable("The body must be a JSON object.") }
        let name = path.map { $0.intValue.map(String.init) ?? snakeCase($0.stringValue) }
        return .unprocessable([FieldError(field: name.joined(separator: "."), detail: detail)])
    }

    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { out, character in
            if character.isUppercase {
                out += "_" + character.lowercased()
            } else {
                out.append(character)
            }
        }
    }
}
