internal import Base
internal import Glibc

/// An IPv4 or IPv6 address and port.
public struct SocketAddress: Hashable, Sendable {
    /// The sixteen bytes of the address; IPv4 is mapped (`::ffff:a.b.c.d`).
    public let high: UInt64
    public let low: UInt64
    public var port: UInt16
    /// Whether it is to be written and bound as IPv4.
    public let isIPv4: Bool

    /// Reads `1.2.3.4:80` or `[::1]:80`.
    public init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            var address = in6_addr()
            guard unsafe inet_pton(AF_INET6, String(host), &address) == 1 else { return nil }
            self.init(sixteen: address, port: port)
        } else {
            var address = in_addr()
            let host = host == "localhost" ? "127.0.0.1" : String(host)
            guard unsafe inet_pton(AF_INET, host, &address) == 1 else { return nil }
            self.init(four: UInt32(bigEndian: address.s_addr), port: port)
        }
    }

    init(four: UInt32, port: UInt16) {
        high = 0
        low = 0xFFFF_0000_0000 | UInt64(four)
        self.port = port
        isIPv4 = true
    }

    init(sixteen address: in6_addr, port: UInt16) {
        var address = address
        let (high, low) = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.high = high
        self.low = low
        self.port = port
        isIPv4 = high == 0 && low >> 32 == 0xFFFF
    }

    /// Reads what the kernel wrote; nil for other families.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            let four = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in.self)
            }
            self.init(
                four: UInt32(bigEndian: four.sin_addr.s_addr),
                port: UInt16(bigEndian: four.sin_port))
        case AF_INET6:
            let six = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.loadUnaligned(as: sockaddr_in6.self)
            }
            self.init(sixteen: six.sin6_addr, port: UInt16(bigEndian: six.sin6_port))
        default: return nil
        }
    }

    var family: Int32 { isIPv4 ? AF_INET : AF_INET6 }

    /// The kernel's form and its length.
    var storage: (sockaddr_storage, UInt32) {
        var storage = sockaddr_storage()
        if isIPv4 {
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            four.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: four, as: sockaddr_in.self)
            }
            return (storage, UInt32(MemoryLayout<sockaddr_in>.size))
        }
        var six = sockaddr_in6()
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &six.sin6_addr) {
            unsafe $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.storeBytes(of: six, as: sockaddr_in6.self)
        }
        return (storage, UInt32(MemoryLayout<sockaddr_in6>.size))
    }

    /// Whether it is of this machine alone.
    public var isLoopback: Bool {
        isIPv4 ? (low >> 24) & 0xFF == 127 : high == 0 && low == 1
    }

    /// The address without its port.
    public var host: String {
        if isIPv4 {
            let four = UInt32(truncatingIfNeeded: low)
            return "\(four >> 24).\(four >> 16 & 255).\(four >> 8 & 255).\(four & 255)"
        }
        var (storage, _) = storage
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        unsafe withUnsafeBytes(of: &storage) { bytes in
            // The address begins after family, port and flow label.
            _ = unsafe inet_ntop(
                AF_INET6, bytes.baseAddress?.advanced(by: 8), &text, UInt32(text.count))
        }
        return String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension SocketAddress: CustomStringConvertible {
    public var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }
}
