using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

public class HybridChecksTests
{
    private const string Sound = """
        { "job": "x", "datasets": [ "d-0", "d-1", "d-2" ],
          "topology": {
            "roles": [ { "name": "t", "isDataConsumer": true, "datasets": { "eu": [ "d-0", "d-1" ], "na": [ "d-2" ] } }, { "name": "a" } ],
            "channels": [ { "name": "ring", "pair": [ "t", "t" ], "groupBy": [ "eu", "na" ] }, { "name": "up", "pair": [ "t", "a" ] } ] } }
        """;

    [Fact]
    public void A_ring_and_a_channel_above_it_make_hybrid_trainers_of_the_same_datasets()
    {
        var plan = Expansion.Expand(JobTexts.Sound(Sound));

        Assert.Equal(Programs.HybridTrainer, plan.Job.Graph.Roles.Single(role => role.Name.Value == "t").Program);
        Assert.Equal(Programs.Aggregator, plan.Job.Graph.Roles.Single(role => role.Name.Value == "a").Program);
        Assert.Equal(["eu", "eu", "na"], plan.Workers.Where(worker => worker.Dataset is not null).Select(worker => worker.Groups[new("ring")].Value));
        Assert.Equal("a_0", plan.Top!.Id.Value);
    }

    [Theory]
    [InlineData("\"name\": \"ring\", \"pair\": [ \"t\", \"t\" ], \"groupBy\": [ \"eu\", \"na\" ] }, {", "", "\"name\": \"t\",", "\"name\": \"t\", \"program\": \"hybrid-trainer\",", "role 't': hybrid-trainer sums over one channel among equals, and the job has 0; give it one with pair: [t, t]")]
    [InlineData(", { \"name\": \"up\", \"pair\": [ \"t\", \"a\" ] }", "", "\"name\": \"t\",", "\"name\": \"t\", \"program\": \"hybrid-trainer\",", "role 't': the leader of a ring sends its group's update over one channel, and the job has 0; give it one with pair: [t, aggregator]")]
    [InlineData("\"pair\": [ \"t\", \"a\" ]", "\"pair\": [ \"t\", \"a\" ], \"funcTags\": { \"t\": [ \"fetch\" ], \"a\": [ \"distribute\", \"aggregate\" ] }", "", "", "channel 'up': role 't' fetches here and must upload here too; give it funcTags [fetch, upload]")]
    [InlineData("\"pair\": [ \"t\", \"a\" ]", "\"pair\": [ \"t\", \"a\" ], \"selector\": { \"kind\": \"random\", \"count\": 1 }", "", "", "channel 'up': selector: random chooses single workers, and below it groups of channel 'ring' have one voice each; remove it")]
    [InlineData("\"name\": \"a\"", "\"name\": \"a\", \"program\": \"asynchronous-aggregator\"", "", "", "channel 'up': groups of channel 'ring' work in rounds, which role 'a' has not; leave program out, for an aggregator")]
    [InlineData("\"job\": \"x\"", "\"job\": \"x\", \"personal\": { \"kind\": \"fine-tune\", \"steps\": 5 }", "", "", "personal: fine-tune belongs to trainers that send an update of their own, and channel 'ring' sums them on the way; remove personal")]
    public void What_groups_cannot_do_is_refused_in_one_line(string text, string change, string other, string otherChange, string line)
    {
        Assert.Contains(text, Sound, StringComparison.Ordinal);
        var job = Sound.Replace(text, change, StringComparison.Ordinal);
        if (other.Length > 0)
        {
            job = job.Replace(other, otherChange, StringComparison.Ordinal);
        }

        var (read, found) = JobTexts.Read(job, Programs.BuiltIn);

        Assert.Null(read);
        Assert.Contains(found.All, problem => problem.Message == line);
    }

    [Fact]
    public void A_ring_below_two_aggregators_is_refused()
    {
        var (job, found) = JobTexts.Read("""
            { "job": "x", "datasets": [ "d-0", "d-1" ],
              "topology": {
                "roles": [ { "name": "t", "isDataConsumer": true, "datasets": { "near": [ "d-0" ], "far": [ "d-1" ] }, "groupAssociation": [ { "ring": "eu", "up": "near" }, { "ring": "eu", "up": "far" } ] }, { "name": "a" } ],
                "channels": [ { "name": "ring", "pair": [ "t", "t" ], "groupBy": "eu" }, { "name": "up", "pair": [ "t", "a" ], "groupBy": [ "near", "far" ] } ] } }
            """);

        Assert.Null(job);
        Assert.Equal("channel 'ring': group 'eu' has members in the groups 'near' and 'far' of channel 'up', and only one leader; put its members into one of them", Assert.Single(found.All).Message);
    }
}
