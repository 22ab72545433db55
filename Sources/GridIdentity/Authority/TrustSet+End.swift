import X509

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

extension TrustSet {
    /// When the authority that signs now ends.
    package var firstEndsAt: Date? { certificates.first?.notValidAfter }
}
