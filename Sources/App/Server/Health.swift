internal import Base
internal import HTTP
internal import HTTPWire

/// What a balancer asks.
enum Health {
    static func addRoutes(to router: inout Router) {
        router.get("/healthz") { _ in
            Response(
                headers: [
                    "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
                ],
                body: .bytes(ok))
        }
    }

    private static let ok = Bytes("ok\n")
}
