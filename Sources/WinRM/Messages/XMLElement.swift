/// One element of an answer, its names resolved: prefixes mean nothing, and Windows declares them again wherever it
/// likes.
package struct XMLElement: Sendable, Hashable {
    package var namespace: String
    package var name: String
    /// By local name; those in a namespace of their own lose it.
    package var attributes: [String: String]
    /// Everything written directly in it, in order.
    package var text: String
    package var children: [XMLElement]

    package init(
        namespace: String = "", name: String, attributes: [String: String] = [:], text: String = "",
        children: [XMLElement] = []
    ) {
        self.namespace = namespace
        self.name = name
        self.attributes = attributes
        self.text = text
        self.children = children
    }

    package func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The first one below it, at any depth, in the order of the document.
    package func descendant(_ name: String) -> XMLElement? {
        for child in children {
            if child.name == name { return child }
            if let found = child.descendant(name) { return found }
        }
        return nil
    }
}
