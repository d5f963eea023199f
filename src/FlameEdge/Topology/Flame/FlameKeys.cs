namespace FlameEdge.Topology.Flame;

/// <summary>The keys of Flame's structures. Some are read, the others are known and have no meaning here (<c>realm</c>, <c>priority</c>, …).</summary>
internal static class FlameKeys
{
    public static readonly string[] Schema = ["name", "description", "revision", "roles", "channels", "connectors", "defaultBackend", "id", "owner"];

    public static readonly string[] Role = ["name", "description", "isDataConsumer", "replica", "groupAssociation", "realm"];

    public static readonly string[] Channel =
        ["name", "description", "pair", "groupBy", "funcTags", "backend", "brokerHost", "isUnidirectional", "isBidirectional"];

    public static readonly string[] GroupBy = ["type", "value"];

    public static readonly string[] Job =
    [
        "id", "name", "userId", "designId", "schemaRevision", "codeRevision", "schemaVersion", "codeVersion", "priority", "backend", "maxRunTime",
        "realm", "dataSpec", "modelSpec", "dataSpecPath", "modelSpecPath",
    ];

    public static readonly string[] DataSpec = ["role", "datasetGroups"];

    public static readonly string[] ModelSpec =
        ["baseModel", "hyperparameters", "optimizer", "selector", "dependencies", "registry", "datasampler", "privacy"];

    public static readonly string[] BaseModel = ["name", "version"];

    public static readonly string[] Registry = ["sort", "uri"];

    public static readonly string[] Choice = ["sort", "kwargs"];
}
