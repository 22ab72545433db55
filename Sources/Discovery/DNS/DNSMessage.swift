/// A message of multicast DNS (RFC 6762), as far as services are announced and found with it.
package struct DNSMessage: Sendable, Hashable {
    package struct Question: Sendable, Hashable {
        package var name: DNSName
        package var type: UInt16
        /// Answered to whoever asks alone.
        package var wantsUnicast = false

        package init(_ name: DNSName, _ type: UInt16, wantsUnicast: Bool = false) {
            self.name = name
            self.type = type
            self.wantsUnicast = wantsUnicast
        }
    }

    package struct Record: Sendable, Hashable {
        package enum Content: Sendable, Hashable {
            case address(IPv4Address)
            case pointer(DNSName)
            case service(port: UInt16, host: DNSName)
            case text([[UInt8]])
            /// Of no use here.
            case other(type: UInt16, [UInt8])
        }

        package var name: DNSName
        package var content: Content
        /// How long it may be believed; 0: no more from now on.
        package var seconds: UInt32
        /// It replaces what was said before.
        package var isWhole = false

        package init(_ name: DNSName, _ content: Content, seconds: UInt32, isWhole: Bool = false) {
            self.name = name
            self.content = content
            self.seconds = seconds
            self.isWhole = isWhole
        }

        package var type: UInt16 {
            switch content {
            case .address: DNSType.address
            case .pointer: DNSType.pointer
            case .service: DNSType.service
            case .text: DNSType.text
            case .other(let type, _): type
            }
        }
    }

    package var id: UInt16 = 0
    package var isResponse = false
    package var questions: [Question] = []
    package var answers: [Record] = []
    /// What helps, without being asked for.
    package var additional: [Record] = []

    package init() {}
}

package enum DNSType {
    package static let address: UInt16 = 1
    package static let pointer: UInt16 = 12
    package static let text: UInt16 = 16
    package static let service: UInt16 = 33
    package static let any: UInt16 = 255
}

/// What is wrong with a message. It is dropped.
package enum DNSError: Error, Sendable, Hashable {
    case tooLong, cutOff, badName, badRecord, tooMany
    /// Of another kind or version of the protocol.
    case foreign
}
