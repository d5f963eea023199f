using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

/// <summary>A coordinator in a job file: what need not be written, and what cannot work.</summary>
public class CoordinatedTopologyTests
{
    private const string Job = """
        {
          "job": "coordinated",
          "topology": {
            "roles": [ { "name": "t", "isDataConsumer": true }, { "name": "m", "replica": 2 }, { "name": "a" }, { "name": "c", "program": "coordinator" } ],
            "channels": [
              { "name": "param", "pair": [ "t", "m" ] }, { "name": "global", "pair": [ "m", "a" ] },
              { "name": "plans-t", "pair": [ "t", "c" ] }, { "name": "plans-m", "pair": [ "m", "c" ] }, { "name": "plans-a", "pair": [ "c", "a" ] } ]
          },
          "datasets": [ "d-0", "d-1", "d-2" ]
        }
        """;

    [Fact]
    public void Its_function_tags_follow_from_who_is_at_the_other_end()
    {
        var (job, found) = JobTexts.Read(Job, Programs.BuiltIn);

        Assert.True(found.IsEmpty, string.Join('\n', found.All));
        Assert.Equal(["a=aggregator", "c=coordinator", "m=middle-aggregator", "t=trainer"], job!.Graph.Roles.Select(role => $"{role.Name}={role.Program}").Order(StringComparer.Ordinal));
        Assert.Equal(
            [FunctionTags.CoordinateWithTrainer, FunctionTags.CoordinateWithMiddle, FunctionTags.CoordinateWithTop],
            job.Graph.Channels.Skip(2).Select(channel => Assert.Single(channel.FunctionTags[new("c")])));
        Assert.All(job.Graph.Channels.Skip(2), channel => Assert.Equal([FunctionTags.Coordinate], channel.FunctionTags[channel.OtherThan(new("c"))]));
    }

    [Theory]
    [InlineData(", { \"name\": \"plans-a\", \"pair\": [ \"c\", \"a\" ] }", "", "role 'c': it coordinates and has 0 channels to the top aggregator (coordinateWithTopAgg)")]
    [InlineData("\"program\": \"coordinator\"", "\"program\": \"coordinator\", \"replica\": 2", "role 'c': 2 coordinators would decide about the same workers; keep one")]
    [InlineData("\"pair\": [ \"t\", \"m\" ]", "\"pair\": [ \"t\", \"m\" ], \"selector\": { \"kind\": \"random\", \"count\": 2 }", "channel 'param': selector: random and a coordinator would both say who takes part")]
    [InlineData("\"pair\": [ \"t\", \"m\" ]", "\"pair\": [ \"t\", \"m\" ], \"codec\": { \"down\": \"delta + int8\" }", "channel 'param': codec 'delta' sends what changed since the round before")]
    [InlineData("\"job\": \"coordinated\",", "\"job\": \"coordinated\", \"secureAggregation\": {},", "a coordinator moves trainers between groups; remove one of them")]
    [InlineData("{ \"name\": \"m\",", "{ \"name\": \"m\", \"program\": \"asynchronous-aggregator\",", "role 'm' waits for nobody, and 'a' above it for rounds that end together; give 'a' the program asynchronous-aggregator too")]
    public void What_cannot_work_is_refused_in_one_line(string text, string instead, string error)
    {
        Assert.Contains(text, Job, StringComparison.Ordinal);

        var (job, found) = JobTexts.Read(Job.Replace(text, instead, StringComparison.Ordinal), Programs.BuiltIn);

        Assert.Null(job);
        Assert.Contains(found.All, problem => problem.ToString().Contains(error, StringComparison.Ordinal));
    }

    [Fact]
    public void Flames_tags_lead_to_the_programs_on_board()
    {
        Assert.Equal(Programs.Coordinator, Programs.ThatFits(new("boss"), ["coordinateWithTopAgg", "coordinateWithMidAgg", "coordinateWithTrainer"]));
        Assert.Equal(Programs.Trainer, Programs.ThatFits(new("t"), ["fetch", "upload", "coordinate"]));
        Assert.Equal(Programs.MiddleAggregator, Programs.ThatFits(new("m"), ["fetch", "upload", "distribute", "aggregate", "coordinate"]));
        Assert.Equal(Programs.Aggregator, Programs.ThatFits(new("a"), ["distribute", "aggregate", "coordinate"]));
    }
}
