/// One request to the command shell of a Windows host, as the envelope that is sent (MS-WSMV 3.1.4).
///
/// Shell and command ids are chosen here, so that a request whose answer was lost can be sent again without running
/// anything twice.
package struct ShellRequest: Sendable, Hashable {
    package enum Operation: Sendable, Hashable {
        /// - Parameter idleSeconds: after which the host ends a shell that nobody asks, and all that runs in it.
        case create(environment: [String: String], workingDirectory: String, idleSeconds: Int)
        case command(id: String, line: String)
        case receive(command: String)
        /// Standard input; `isEnd` closes it.
        case send(command: String, bytes: [UInt8], isEnd: Bool)
        case signal(command: String, Signal)
        case delete
        /// The shells of this user, all on one page.
        case enumerate
        /// The service's quotas; only administrators may see them.
        case configuration
    }

    package enum Signal: String, Sendable, Hashable {
        case terminate
        case interrupt = "ctrl_c"
    }

    package var operation: Operation
    package var shell: String
    /// `https://host:5986/wsman`.
    package var endpoint: String
    /// A new GUID, in lower case without braces.
    package var message: String
    /// Answers beyond it are not sent; 150 KiB is allowed by every host.
    package var maxEnvelopeBytes = 153_600
    /// After which the host answers a `receive` although there is nothing.
    package var operationSeconds = 20

    package init(_ operation: Operation, shell: String, endpoint: String, message: String) {
        self.operation = operation
        self.shell = shell
        self.endpoint = endpoint
        self.message = message
    }

    package var envelope: String {
        """
        <?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="\(Namespace.soap)" \
        xmlns:a="\(Namespace.addressing)" xmlns:w="\(Namespace.management)" xmlns:p="\(Namespace.microsoft)" \
        xmlns:n="\(Namespace.enumeration)" xmlns:rsp="\(Namespace.shell)"><s:Header><a:To>\(Self.escape(endpoint))</a:To><a:ReplyTo>\
        <a:Address s:mustUnderstand="true">\(Namespace.addressing)/role/anonymous</a:Address></a:ReplyTo>\
        <a:MessageID>uuid:\(message)</a:MessageID><a:Action s:mustUnderstand="true">\(action)</a:Action>\
        <w:ResourceURI s:mustUnderstand="true">\(resource)</w:ResourceURI>\
        <w:MaxEnvelopeSize s:mustUnderstand="true">\(maxEnvelopeBytes)</w:MaxEnvelopeSize>\
        <w:OperationTimeout>PT\(operationSeconds)S</w:OperationTimeout>\
        <w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>\
        \(options)\(selectors)</s:Header><s:Body>\(body)</s:Body></s:Envelope>
        """
    }

    private var action: String {
        switch operation {
        case .create: "\(Namespace.transfer)/Create"
        case .command: "\(Namespace.shell)/Command"
        case .receive: "\(Namespace.shell)/Receive"
        case .send: "\(Namespace.shell)/Send"
        case .signal: "\(Namespace.shell)/Signal"
        case .delete: "\(Namespace.transfer)/Delete"
        case .enumerate: "\(Namespace.enumeration)/Enumerate"
        case .configuration: "\(Namespace.transfer)/Get"
        }
    }

    private var resource: String {
        switch operation {
        case .enumerate: Namespace.shell
        case .configuration: Namespace.configuration
        default: "\(Namespace.shell)/cmd"
        }
    }

    private var options: String {
        let pairs: [(String, String)] =
            switch operation {
            // UTF-8 on every stream.
            case .create: [("WINRS_NOPROFILE", "TRUE"), ("WINRS_CODEPAGE", "65001")]
            case .command: [("WINRS_CONSOLEMODE_STDIN", "FALSE"), ("WINRS_SKIP_CMD_SHELL", "FALSE")]
            case .receive: [("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE")]
            case .send, .signal, .delete, .enumerate, .configuration: []
            }
        guard !pairs.isEmpty else { return "" }
        let set = pairs.map { "<w:Option Name=\"\($0.0)\">\($0.1)</w:Option>" }.joined()
        return "<w:OptionSet s:mustUnderstand=\"true\">\(set)</w:OptionSet>"
    }

    private var selectors: String {
        switch operation {
        case .create, .enumerate, .configuration: return ""
        default: break
        }
        return "<w:SelectorSet><w:Selector Name=\"ShellId\">\(Self.escape(shell))</w:Selector></w:SelectorSet>"
    }

    /// The order of elements is the schema's, and counts.
    private var body: String {
        switch operation {
        case .create(let environment, let workingDirectory, let idleSeconds):
            let variables = environment.sorted { $0.key < $1.key }
                .map { "<rsp:Variable Name=\"\(Self.escape($0.key))\">\(Self.escape($0.value))</rsp:Variable>" }
                .joined()
            return "<rsp:Shell ShellId=\"\(Self.escape(shell))\">"
                + (variables.isEmpty ? "" : "<rsp:Environment>\(variables)</rsp:Environment>")
                + (workingDirectory.isEmpty
                    ? "" : "<rsp:WorkingDirectory>\(Self.escape(workingDirectory))</rsp:WorkingDirectory>")
                + "<rsp:IdleTimeOut>PT\(idleSeconds)S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>"
                + "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
        case .command(let id, let line):
            return "<rsp:CommandLine CommandId=\"\(Self.escape(id))\"><rsp:Command>\(Self.escape(line))</rsp:Command>"
                + "</rsp:CommandLine>"
        case .receive(let command):
            return "<rsp:Receive><rsp:DesiredStream CommandId=\"\(Self.escape(command))\">stdout stderr"
                + "</rsp:DesiredStream></rsp:Receive>"
        case .send(let command, let bytes, let isEnd):
            return "<rsp:Send><rsp:Stream Name=\"stdin\" CommandId=\"\(Self.escape(command))\""
                + "\(isEnd ? " End=\"true\"" : "")>\(Base64.encode(bytes))</rsp:Stream></rsp:Send>"
        case .signal(let command, let signal):
            return "<rsp:Signal CommandId=\"\(Self.escape(command))\"><rsp:Code>\(Namespace.shell)/signal/"
                + "\(signal.rawValue)</rsp:Code></rsp:Signal>"
        case .enumerate:
            return "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements></n:Enumerate>"
        case .delete, .configuration: return ""
        }
    }

    private static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\r": escaped += "&#13;"
            case "\n": escaped += "&#10;"
            case "\t": escaped += "&#9;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
