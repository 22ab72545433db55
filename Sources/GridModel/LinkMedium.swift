/// What a link runs over, as far as an end of it can tell.
package enum LinkMedium: String, Sendable, Hashable, CaseIterable {
    /// Within one machine.
    case loopback
    case wired, wireless
    /// A tunnel, a bridge, or a machine inside another.
    case virtual

    /// Of a whole link, by what its ends know of themselves; nil when neither knows. It is as good as its worse end: one
    /// that is wireless on one side is wireless.
    package static func of(_ ends: LinkMedium?...) -> LinkMedium? {
        let known = ends.compactMap { $0 }
        return [.wireless, .virtual, .wired, .loopback].first(where: known.contains)
    }
}
