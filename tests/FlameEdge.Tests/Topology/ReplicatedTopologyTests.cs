using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

/// <summary>Replicas of an aggregator in a job file: where they can stand, and what cannot stand beside them.</summary>
public class ReplicatedTopologyTests
{
    private const string Job = """
        {
          "job": "replicated",
          "topology": {
            "roles": [ { "name": "t", "isDataConsumer": true }, { "name": "m", "replica": 2 }, { "name": "a" } ],
            "channels": [ { "name": "param", "pair": [ "t", "m" ] }, { "name": "global", "pair": [ "m", "a" ] } ]
          },
          "datasets": [ "d-0", "d-1", "d-2" ]
        }
        """;

    [Fact]
    public void Replicas_right_above_the_trainers_need_nothing_else()
    {
        var (job, found) = JobTexts.Read(Job, Programs.BuiltIn);

        Assert.True(found.IsEmpty, string.Join('\n', found.All));
        Assert.Equal(Programs.MiddleAggregator, job!.Graph.Roles.Single(role => role.Name.Value == "m").Program);
    }

    [Theory]
    [InlineData("{ \"name\": \"a\" }", "{ \"name\": \"a\", \"replica\": 2 }", "role 'a': several workers of it share a group of channel 'global', and each would keep a model and a record of its own; keep one (killed, it goes on with --resume)")]
    [InlineData("\"pair\": [ \"t\", \"m\" ]", "\"pair\": [ \"t\", \"m\" ], \"selector\": { \"kind\": \"random\", \"count\": 2 }", "channel 'param': selector: random and the trainers' choice among the replicas of role 'm' would both say who takes part")]
    [InlineData("\"pair\": [ \"m\", \"a\" ]", "\"pair\": [ \"m\", \"a\" ], \"selector\": { \"kind\": \"random\", \"count\": 2 }", "channel 'global': selector: random")]
    [InlineData("\"pair\": [ \"t\", \"m\" ]", "\"pair\": [ \"t\", \"m\" ], \"codec\": { \"down\": \"delta + int8\" }", "a trainer that comes from another replica lacks; leave delta out")]
    [InlineData("\"job\": \"replicated\",", "\"job\": \"replicated\", \"secureAggregation\": {},", "trainers move among the replicas of role 'm'; remove one of them")]
    [InlineData("\"replica\": 2 }, { \"name\": \"a\" } ]", "\"groupAssociation\": [ { \"param\": \"default\", \"global\": \"x\" }, { \"param\": \"default\", \"global\": \"y\" } ] }, { \"name\": \"a\", \"groupAssociation\": [ { \"global\": \"x\" }, { \"global\": \"y\" } ] } ]", "role 'm': workers that share group 'default' of channel 'param' stand for each other, but are in different groups of channel 'global'")]
    [InlineData("{ \"name\": \"a\" } ], \"channels\": [", "{ \"name\": \"h\", \"replica\": 2 }, { \"name\": \"a\" } ], \"channels\": [ { \"name\": \"high\", \"pair\": [ \"h\", \"a\" ] },", "role 'h': its replicas share role 'm', and only trainers choose among replicas")]
    public void What_cannot_work_is_refused_in_one_line(string text, string instead, string error)
    {
        var flat = string.Join(' ', Job.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(text, flat, StringComparison.Ordinal);
        var changed = flat.Replace(text, instead, StringComparison.Ordinal);
        if (instead.Contains("\"h\"", StringComparison.Ordinal))
        {
            changed = changed.Replace("\"pair\": [ \"m\", \"a\" ]", "\"pair\": [ \"m\", \"h\" ]", StringComparison.Ordinal);
        }

        if (instead.Contains("\"x\"", StringComparison.Ordinal))
        {
            changed = changed.Replace("\"name\": \"global\",", "\"name\": \"global\", \"groupBy\": [ \"x\", \"y\" ],", StringComparison.Ordinal);
        }

        var (job, found) = JobTexts.Read(changed, Programs.BuiltIn);

        Assert.Null(job);
        Assert.True(found.All.Any(problem => problem.ToString().Contains(error, StringComparison.Ordinal)), string.Join('\n', found.All));
    }
}
