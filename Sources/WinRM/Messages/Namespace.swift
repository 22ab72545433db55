/// The names that WS-Management and the command shell go by (MS-WSMV).
enum Namespace {
    static let soap = "http://www.w3.org/2003/05/soap-envelope"
    static let addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
    static let transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
    static let enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
    static let management = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
    static let microsoft = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
    static let shell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
    static let configuration = "http://schemas.microsoft.com/wbem/wsman/1/config"
    static let fault = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
}
