using System.Text;
using CsCheck;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

/// <summary>Whatever a file holds, reading it answers with a job or with problems.</summary>
public class JobFuzzTests
{
    private static readonly string[] Pieces =
        ["null", "[]", "{}", "-1", "1e999", "\"\"", "\"${x}\"", "true", "[null]", "{\"a\":{}}", "\"#\"", "0", "\"t\"", "[[]]", "9999999999999999999", "\"\\u0000\""];

    [Fact]
    public void A_file_with_other_bytes_never_throws() =>
        Gen.Select(Gen.Int[0, JobTexts.ThreeTiers.Length - 1], Gen.Byte, Gen.Int[0, 40]).Array[1, 4].Sample(edits =>
        {
            var bytes = Encoding.UTF8.GetBytes(JobTexts.ThreeTiers).ToList();
            foreach (var (at, value, length) in edits)
            {
                var from = Math.Min(at, bytes.Count);
                bytes.RemoveRange(from, Math.Min(length, bytes.Count - from));
                bytes.Insert(from, value);
            }

            Try([.. bytes]);
        }, iter: 1000);

    [Fact]
    public void A_file_with_other_values_never_throws() =>
        Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, Pieces.Length - 1]).Array[1, 3].Sample(edits =>
        {
            var text = Rich;
            foreach (var (which, piece) in edits)
            {
                var ends = Ends(text);
                var (from, to) = ends[which % ends.Count];
                text = text[..from] + Pieces[piece] + text[to..];
            }

            Try(Encoding.UTF8.GetBytes(text));
        }, iter: 1500);

    private const string Rich = """
        { "job": "rich", "seed": 7, "parameters": { "p": "v" }, "optimizer": { "kind": "fedavg", "rate": 1 }, "robust": { "kind": "trimmed-mean", "trim": 1 }, "evaluation": "test", "backend": "memory",
          "datasets": [ { "name": "d", "path": "d.csv", "label": { "column": "y", "bands": [1, 2] }, "features": ["p0..p3", { "cycle": "h", "period": 24 }],
              "rows": { "where": { "a": "b" }, "from": { "y": 1 }, "first": 0 }, "partition": { "kind": "column", "column": "u", "values": [1, 2] },
              "labels": { "r": ["x", "y"] }, "agents": { "d-1": "a" }, "standardize": { "like": "test" } },
            { "name": "v", "devices": ["x1", "x2"], "generator": { "windows": 3 }, "labels": { "r": "x" } }, { "name": "test", "paths": ["a", "b"], "labels": { "r": "y" } } ],
          "topology": { "roles": [ { "name": "t", "isDataConsumer": true, "settings": { "epochs": 2 } }, { "name": "a", "program": "aggregator" } ],
            "channels": [ { "name": "c", "pair": ["t", "a"], "groupBy": { "label": "r" }, "funcTags": { "t": ["fetch"], "a": ["distribute"] } } ] },
          "model": { "kind": "mlp", "hidden": [3] }, "training": { "batchSize": "all" }, "rounds": { "quorum": "80%", "deadline": "5s" } }
        """;

    [Fact]
    public void The_rich_file_itself_is_sound() => Assert.Equal(6, Expansion.Expand(JobTexts.Sound(Rich)).Workers.Count);

    private static void Try(byte[] bytes)
    {
        var found = new SpecProblems();
        var root = JsonSpecReader.Read(bytes, "f.json", found);
        var job = root is null ? null : JobReader.Read(root, "/jobs", [], Programs.BuiltIn, found);
        Assert.True(job is not null ^ !found.IsEmpty, Encoding.UTF8.GetString(bytes));
        if (job is not null)
        {
            Expansion.Expand(job);
        }
    }

    /// <summary>Where values stand: from each colon, comma or bracket to the next mark of punctuation.</summary>
    private static List<(int From, int To)> Ends(string text)
    {
        var ends = new List<(int, int)>();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is ':' or '[' or ',' && text.IndexOfAny([',', ']', '}', '{', '['], at + 1) is var next and > 0)
            {
                ends.Add((at + 1, next));
            }
        }

        return ends;
    }
}
