// With an assembly file in the package, Go takes functions that have no body here.
