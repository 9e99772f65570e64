public import HTTP
internal import Base
internal import Contracts
internal import HTTPWire
internal import Ring

/// What clients send.
private struct RegisterBody: Decodable {
    let username: String
    let email: String
    let password: String
}

private struct LoginBody: Decodable {
    let username: String?
    let email: String?
    let password: String
}

private struct RefreshBody: Decodable {
    let refreshToken: String?
}

private struct SetupBody: Decodable {
    let token: String
    let username: String
    let email: String?
    let password: String
}

private struct ProfileBody: Decodable {
    let displayName: String?
    let colour: String?
}

private struct PasswordBody: Decodable {
    let currentPassword: String
    let newPassword: String
}

/// What they get.
private struct SignInBody: Encodable {
    let user: Account
    let accessToken: String
    let refreshToken: String
    let tokenType = "Bearer"
    let expiresIn: Int64
}

private struct SetupState: Encodable {
    let needsSetup: Bool
    let registrationOpen: Bool
}

extension Accounts {
    /// Adds `/api/auth/…`, `/api/me` and `/api/setup`.
    public func addRoutes(to router: inout Router) {
        router.post("/api/auth/register", { try await self.register($0) })
        router.post("/api/auth/login", { try await self.logIn($0) })
        router.post("/api/auth/refresh", { try await self.refresh($0) })
        router.post("/api/auth/logout", { try await self.logOut($0) })
        router.post("/api/auth/logout-all", { try await self.logOutAll($0) })
        router.get("/api/me", { try await self.me($0) })
        router.patch("/api/me", { try await self.updateMe($0) })
        router.post("/api/me/password", { try await self.changePassword($0) })
        router.get("/api/setup", { try await self.setupState($0) })
        router.post("/api/setup", { try await self.setUp($0) })
    }

    private func register(_ request: Request) async throws -> Response {
        let body = try await request.body.json(RegisterBody.self)
        let signIn = try await register(
            username: body.username, email: body.email, password: body.password,
            address: Self.addressKey(request))
        return try response(signIn, status: .created, request)
    }

    private func logIn(_ request: Request) async throws -> Response {
        let body = try await request.body.json(LoginBody.self)
        guard let name = body.username ?? body.email else {
            throw AccountsError.invalid([
                .init(field: "username", reason: "is needed, or email")
            ])
        }
        let signIn = try await logIn(
            name: name, password: body.password, address: Self.addressKey(request))
        return try response(signIn, status: .ok, request)
    }

    private func refresh(_ request: Request) async throws -> Response {
        do {
            let token = try await presentedRefreshToken(request)
            guard let token else { throw AccountsError.invalidToken }
            return try response(try await refresh(token), status: .ok, request)
        } catch AccountsError.invalidToken {
            // The cookies are worth nothing any more, and would only be asked about again.
            return cleared(request, AccountsError.invalidToken.problem.response)
        }
    }

    private func logOut(_ request: Request) async throws -> Response {
        if let token = try await presentedRefreshToken(request) {
            try await logOut(refreshToken: token)
        }
        if let (_, session) = try await session(for: request) {
            try await logOut(session: session)
        }
        return cleared(request)
    }

    private func logOutAll(_ request: Request) async throws -> Response {
        let (account, _) = try await requireSession(request)
        try await logOutEverywhere(account.id)
        return cleared(request)
    }

    private func me(_ request: Request) async throws -> Response {
        let (account, _) = try await requireSession(request)
        return try uncached(.json(account))
    }

    private func updateMe(_ request: Request) async throws -> Response {
        let (account, _) = try await requireSession(request)
        let body = try await request.body.json(ProfileBody.self)
        let updated = try await updateProfile(
            of: account.id, displayName: body.displayName, colour: body.colour)
        return try uncached(.json(updated))
    }

    private func changePassword(_ request: Request) async throws -> Response {
        let (account, session) = try await requireSession(request)
        let body = try await request.body.json(PasswordBody.self)
        try await changePassword(
            of: account, session: session, from: body.currentPassword, to: body.newPassword,
            address: Self.addressKey(request))
        return .noContent
    }

    private func setupState(_ request: Request) async throws -> Response {
        let state = SetupState(
            needsSetup: try await needsSetup(), registrationOpen: settings.isRegistrationOpen)
        return try uncached(.json(state))
    }

    private func setUp(_ request: Request) async throws -> Response {
        let body = try await request.body.json(SetupBody.self)
        let signIn = try await setUp(
            token: body.token, username: body.username, email: body.email,
            password: body.password)
        return try response(signIn, status: .created, request)
    }

    private func requireSession(
        _ request: Request
    ) async throws -> (account: Account, session: Identifier) {
        guard let found = try await session(for: request) else {
            throw Problem.unauthorized("Sign in to do this.")
        }
        return found
    }

    /// The refresh token in the body, or in the cookie when the body is empty. Only a cookie can be
    /// sent by another site without knowing it, so only a cookie needs the origin checked.
    private func presentedRefreshToken(_ request: Request) async throws -> String? {
        if request.headers["Content-Type"] != nil {
            let body = try await request.body.json(RefreshBody.self)
            if let token = body.refreshToken { return token }
        }
        guard let token = SessionCookies.value(of: SessionCookies.refresh, in: request) else {
            return nil
        }
        try requireSameOrigin(request)
        return token
    }

    private func response(
        _ signIn: SignIn, status: Status, _ request: Request
    ) throws -> Response {
        let body = SignInBody(
            user: signIn.account, accessToken: signIn.accessToken,
            refreshToken: signIn.refreshToken, expiresIn: signIn.lifetime.milliseconds / 1000)
        var response = uncached(try .json(body, status: status))
        let cookies = SessionCookies.setting(
            signIn, refreshLifetime: settings.refreshLifetime, isSecure: isSecure(request))
        for cookie in cookies { response.headers.append("Set-Cookie", cookie) }
        return response
    }

    private func cleared(_ request: Request, _ answer: Response = .noContent) -> Response {
        var response = answer
        for cookie in SessionCookies.clearing(isSecure: isSecure(request)) {
            response.headers.append("Set-Cookie", cookie)
        }
        return response
    }

    private func uncached(_ response: Response) -> Response {
        var response = response
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    /// Whether the browser sees https: by this connection, or by the address the operator gave.
    private func isSecure(_ request: Request) -> Bool {
        request.isSecure || settings.publicOrigin?.hasPrefix("https://") == true
    }

    /// What attempts are counted by: the peer's address without its port.
    static func addressKey(_ request: Request) -> String {
        request.peer.limitKey
    }
}
