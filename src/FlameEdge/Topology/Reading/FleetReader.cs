namespace FlameEdge.Topology.Reading;

/// <summary>Reads what a controller needs to know of a job: the section <c>fleet</c>, and a role's <c>needs</c>.</summary>
internal static class FleetReader
{
    private static readonly string[] Architectures = ["x64", "arm64"];
    private static readonly string[] Powers = ["mains", "battery", "solar"];

    public static FleetSpec Fleet(SpecMapping? node, SpecProblems problems)
    {
        var basis = new FleetSpec();
        if (node is null)
        {
            return basis;
        }

        var fields = new Fields(node, "fleet", JobKeys.Fleet, problems);
        return new()
        {
            Deadline = fields.Duration("deadline"),
            Lease = fields.Duration("lease") ?? basis.Lease,
            Retries = fields.Whole("retries", 0, 1000) ?? basis.Retries,
            Patience = fields.Duration("patience"),
        };
    }

    public static NeedsSpec Needs(SpecMapping? node, SpecProblems problems)
    {
        if (node is null)
        {
            return new();
        }

        var fields = new Fields(node, "needs", JobKeys.Needs, problems);
        return new()
        {
            MemoryBytes = Bytes(fields, "memory"),
            StorageBytes = Bytes(fields, "storage"),
            Threads = fields.Whole("threads", 1, 1024),
            Architecture = fields.OneOf("architecture", Architectures),
            Power = fields.OneOf("power", Powers),
            DailyBytes = Bytes(fields, "dailyBytes"),
            Labels = fields.Mapping("labels") is { } labels
                ? TopologyReader.Texts(fields, "labels", labels).DistinctBy(entry => entry.Key.Text).ToDictionary(entry => entry.Key.Text, entry => entry.Value.Text, StringComparer.Ordinal)
                : new Dictionary<string, string>(StringComparer.Ordinal),
        };
    }

    /// <summary>A number of bytes: <c>65536</c>, <c>512MB</c>.</summary>
    internal static long? Bytes(Fields fields, string key)
    {
        if (fields.Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (ByteSizes.TryParse(scalar.Text, out var bytes))
        {
            return bytes;
        }

        fields.Wrong(scalar, key, "a number of bytes such as 65536, 512MB or 2GiB");
        return null;
    }
}
