namespace FlameEdge.Testing;

/// <summary>Canoe jobs as JSON texts.</summary>
public static class CanoeJobs
{
    /// <summary>Sites with a directory.</summary>
    public const string WithDirectory = """
        "channels": [
          { "name": "metadata", "pair": ["site", "directory"], "funcTags": { "site": ["announce"], "directory": ["collect"] } },
          { "name": "request", "pair": ["site", "directory"], "funcTags": { "site": ["ask"], "directory": ["rank"] } },
          { "name": "packet", "pair": ["site", "site"], "funcTags": { "site": ["exchange"] } }
        ]
        """;

    /// <summary>Sites among themselves.</summary>
    public const string Serverless = """
        "channels": [
          { "name": "metadata", "pair": ["site", "site"], "funcTags": { "site": ["announce"] } },
          { "name": "packet", "pair": ["site", "site"], "funcTags": { "site": ["exchange"] } }
        ]
        """;

    /// <summary>Sites that learn from corners of a square (<see cref="Corners"/>), datasets <c>rows-0</c> and so on.</summary>
    /// <param name="name">The job's name.</param>
    /// <param name="backend"><c>mqtt</c> or <c>memory</c>.</param>
    /// <param name="datasets">What stands in the list of datasets, JSON.</param>
    /// <param name="more">Further keys of the canoe section, each followed by a comma.</param>
    /// <param name="hasDirectory">False for sites among themselves.</param>
    public static string OfCorners(string name, string backend, string datasets, string more = "", bool hasDirectory = true) => $$"""
        {
          "job": "{{name}}", "seed": 1, "backend": "{{backend}}",
          "topology": {
            "roles": [ { "name": "site", "isDataConsumer": true } {{(hasDirectory ? """, { "name": "directory" }""" : "")}} ],
            {{(hasDirectory ? WithDirectory : Serverless)}}
          },
          "datasets": [ {{datasets}} ],
          "model": { "kind": "mlp", "hidden": [24, 12] },
          "training": { "batchSize": 16 },
          "rounds": { "patience": "20s" },
          "canoe": { {{more}} "warmUp": {{Corners.WarmUp}}, "classes": ["c0", "c1", "c2"] }
        }
        """;

    /// <summary>A stored stream of the reference data, played by a site per worker.</summary>
    /// <param name="dataset">Such as <c>digits</c>.</param>
    /// <param name="workload">Such as <c>W1</c>: its first stream.</param>
    /// <param name="backend"><c>mqtt</c> or <c>memory</c>.</param>
    /// <param name="more">Further keys of the canoe section, each followed by a comma.</param>
    /// <param name="hasDirectory">False for sites among themselves.</param>
    /// <param name="sites">Sites of the stream.</param>
    public static string Stored(string dataset, string workload, string backend, string more = "", bool hasDirectory = true, int sites = 5) => $$"""
        {
          "job": "canoe-stream", "seed": 1, "backend": "{{backend}}",
          "topology": {
            "roles": [ { "name": "site", "replica": {{sites}} } {{(hasDirectory ? """, { "name": "directory" }""" : "")}} ],
            {{(hasDirectory ? WithDirectory : Serverless)}}
          },
          "rounds": { "patience": "60s" },
          "canoe": { {{more}} "scoreEvery": 1, "stream": "{{SharedData.Stream(dataset, workload)}}", "streamData": "{{SharedData.Path("data")}}" }
        }
        """;
}
