internal import Accounts
internal import Contracts
internal import Server

/// `sluice user`: accounts without a browser.
enum UserCommand {
    static func run(_ arguments: [String]) -> Int32 {
        var rest = arguments[...]
        guard let action = rest.popFirst() else { return usage }
        var names: [String] = []
        var email: String?
        var isAdmin = false
        var flags: [String] = []
        while let argument = rest.popFirst() {
            switch argument {
            case "--email": email = rest.popFirst()
            case "--admin": isAdmin = true
            case "--data", "--config":
                guard let value = rest.popFirst() else { return usage }
                flags += [argument, value]
            default:
                if argument.hasPrefix("-") { return usage }
                names.append(argument)
            }
        }
        guard names.count == (action == "list" ? 0 : 1) else { return usage }
        let name = names.first ?? ""
        let (mail, admin) = (email, isAdmin)
        return CommandData.run(flags) { accounts in
            switch action {
            case "add":
                guard let password = password() else { return noPassword }
                let account = try await accounts.addUser(
                    name: name, email: mail, isAdmin: admin, password: password)
                return Console.say("added \(account.username) (\(account.role.rawValue))")
            case "passwd":
                guard let password = password() else { return noPassword }
                try await accounts.setPassword(of: name, to: password)
                return Console.say("changed the password of \(name)")
            case "disable":
                try await accounts.disable(name)
                return Console.say("disabled \(name)")
            case "list":
                for account in try await accounts.list() {
                    let state = account.disabledAt == nil ? "" : " disabled"
                    Console.say("\(account.username)\t\(account.role.rawValue)\(state)")
                }
                return 0
            default: return usage
            }
        }
    }

    private static var usage: Int32 {
        Console.refuse(
            "user: add NAME [--email E] [--admin] | passwd NAME | list | disable NAME")
    }

    private static var noPassword: Int32 {
        Console.refuse("user: the password is expected on standard input")
    }

    private static func password() -> String? {
        guard let line = Console.readLine(), !line.isEmpty else { return nil }
        return line
    }
}
