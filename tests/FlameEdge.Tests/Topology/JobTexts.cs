using System.Text;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

/// <summary>Job files of the tests, as JSON texts, and the two ways to read one.</summary>
internal static class JobTexts
{
    /// <summary>Three tiers in two groups, everything written out.</summary>
    public const string ThreeTiers = """
        {
          "job": "three-tiers",
          "topology": {
            "roles": [
              { "name": "t", "isDataConsumer": true, "groupAssociation": [ { "param": "eu" }, { "param": "na" } ],
                "datasets": { "na": [ "d-2", "d-3" ], "eu": [ "d-0", "d-1" ] } },
              { "name": "m", "replica": 1, "groupAssociation": [ { "param": "eu", "global": "default" }, { "param": "na", "global": "default" } ] },
              { "name": "a", "groupAssociation": [ { "global": "default" } ] }
            ],
            "channels": [
              { "name": "param", "pair": [ "t", "m" ], "groupBy": [ "eu", "na" ],
                "funcTags": { "t": [ "fetch", "upload" ], "m": [ "distribute", "aggregate" ] } },
              { "name": "global", "pair": [ "m", "a" ], "groupBy": "default" }
            ]
          },
          "datasets": [ "d-0", "d-1", "d-2", "d-3" ],
          "rounds": { "count": 5, "quorum": 2 }
        }
        """;

    public static (JobSpec? Job, SpecProblems Found) Read(string json, IReadOnlySet<string>? programs = null, params SpecOverride[] overrides)
    {
        var found = new SpecProblems();
        var root = JsonSpecReader.Read(Encoding.UTF8.GetBytes(json), "job.json", found);
        return (root is null ? null : JobReader.Read(root, "/jobs", overrides, programs, found), found);
    }

    public static JobSpec Sound(string json, params SpecOverride[] overrides)
    {
        var (job, found) = Read(json, null, overrides);
        Assert.True(job is not null, string.Join('\n', found.All));
        return job;
    }

    public static SpecOverride Set(string path, string value) => new(path, new SpecScalar(new($"--set {path}={value}"), value));

    /// <summary>"m(param: eu, global: default)" for every worker, in plan order.</summary>
    public static string[] Lines(JobPlan plan) =>
        [.. plan.Workers.Select(worker => $"{worker.Role}{(worker.Dataset is { } dataset ? $" {dataset}" : "")} {string.Join(' ', worker.Groups.Values)}")];
}
