import NIOHTTP1

/// What an answer without an envelope means.
enum HTTPRefusal {
    static func error(_ head: HTTPResponseHead, endpoint: String, user: String) -> WinRMError {
        switch head.status.code {
        case 401:
            let offered = head.headers["WWW-Authenticate"].map { $0.prefix { $0 != " " } }.joined(separator: ", ")
            return WinRMError(
                .denied,
                "\(endpoint) refused the log-on of \(user): the password is wrong, the account is locked or "
                    + "expired, or this way of logging on is off there\(offered.isEmpty ? "" : " (it offers \(offered))")"
            )
        case 403: return WinRMError(.denied, "\(endpoint) forbids it (403): a proxy or a filter stands before it")
        case 404: return WinRMError(.configuration, "\(endpoint) is not there (404): another service has that port")
        case 413:
            return WinRMError(
                .configuration,
                "the request is too large for \(endpoint): raise it there with "
                    + "`Set-Item WSMan:\\localhost\\MaxEnvelopeSizekb 500`")
        case 500:
            return WinRMError(
                .configuration, "\(endpoint) takes sealed messages only, or has failed (500 without a reason)")
        case 503:
            return WinRMError(
                .unreachable, "WinRM on \(endpoint) is not ready (503): `Restart-Service WinRM` there if it stays so")
        case 200: return WinRMError(.badAnswer, "\(endpoint) answered with nothing")
        case let code: return WinRMError(.badAnswer, "\(endpoint) answered with HTTP status \(code)")
        }
    }
}
