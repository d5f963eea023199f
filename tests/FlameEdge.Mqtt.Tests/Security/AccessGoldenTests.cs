using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Access;
using FlameEdge.Testing;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>What is written for each product, letter by letter, and how filters relate.</summary>
public class AccessGoldenTests
{
    private static readonly AccessList List = AccessRules.For(new AccessRequest
    {
        Agents = [new("attacker"), new("top")],
        Controllers = [new("boss")],
        Operators = [new("desk")],
        Jobs = [AccessJobs.Mine, AccessJobs.Movable],
        Telemetry = ["plant/%u/vibration"],
    });

    public static TheoryData<string> Products => [.. AccessWriters.All.Keys];

    [Theory]
    [MemberData(nameof(Products))]
    public void The_text_for_a_product_is_the_committed_one(string product)
    {
        var golden = Path.Combine(SharedData.RepositoryRoot, "tests", "FlameEdge.Mqtt.Tests", "Golden", "Access", $"{product}.txt");

        Assert.Equal(File.ReadAllText(golden), AccessWriters.All[product].Write(List));
    }

    [Theory]
    [InlineData("a/+/c", "a/b/c", true)]
    [InlineData("a/+/c", "a/+/c", true)]
    [InlineData("a/+/c", "a/#", false)]
    [InlineData("a/b", "a/+", false)]
    [InlineData("a/#", "a/b/+/c", true)]
    [InlineData("a/b", "a/b/c", false)]
    [InlineData("a/b/c", "a/b", false)]
    [InlineData("#", "$SYS/broker", false)]
    [InlineData("+/x", "$share/x", false)]
    [InlineData("a/+", "a/#", false)]
    public void One_filter_covers_another_or_not(string allowed, string wanted, bool covers) => Assert.Equal(covers, TopicFilter.Covers(allowed, wanted));

    [Theory]
    [InlineData("+")]
    [InlineData("a/b")]
    [InlineData("#")]
    public void A_name_that_would_widen_a_rule_is_refused(string name) =>
        Assert.Throws<TopologyException>(() => AccessRules.For(new AccessRequest { Agents = [new(name)] }));
}
