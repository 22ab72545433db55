// NoizyClient
