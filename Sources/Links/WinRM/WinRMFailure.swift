import Executors
import WinRM

/// What keeps a road over WinRM closed, and what helps.
enum WinRMFailure {
    static func explain(_ error: WinRMError, _ host: WinRMSettings) -> RoadFailure {
        RoadFailure(reason: error.message, remedy: remedy(error, host))
    }

    private static func remedy(_ error: WinRMError, _ host: WinRMSettings) -> String {
        switch error.code {
        case .denied where error.fault == 0: "password = { env = \"…\" } in its [[node]], and user = \"HOST\\\\NAME\""
        case .denied: "there: Add-LocalGroupMember 'Remote Management Users' \(host.user)"
        case .untrusted:
            "compare with what it shows there: (Get-ChildItem Cert:\\LocalMachine\\My).GetCertHashString('SHA256'); "
                + "then certificate = \"sha256:…\" in its [[node]]"
        case .unreachable: "there, as an administrator: Enable-PSRemoting -Force, and a listener for https"
        case .configuration: "its [[node]]: address, port, https, auth, certificate or ca"
        case .badAnswer, .fault: ""
        }
    }
}

extension RoadFailure {
    /// Whether the host may still have a shell of this opening. Where the log-on failed there is none.
    var isWorthCleaning: Bool { !remedy.hasPrefix("password") }
}
