using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Topics are written and read in one place, and the two agree.</summary>
public sealed class TopicSchemeTests
{
    private readonly TopicScheme topics = new("flameedge");
    private readonly ChannelEndpoint trainer = new Fleet(1, "digits").TrainerEnd(0);

    [Fact]
    public void Data_names_who_speaks_at_a_fixed_level()
    {
        Assert.Equal("flameedge/data/digits/param-channel/default/device-0/trainer_0/aggregator_0", topics.Data(trainer, Fleet.Aggregator));
        Assert.Equal("flameedge/data/digits/param-channel/default/device-0/trainer_0/aggregator", topics.Data(trainer, null));
        Assert.Equal(
            ["flameedge/data/digits/param-channel/default/+/+/trainer", "flameedge/data/digits/param-channel/default/+/+/trainer_0"], topics.DataFilters(trainer));
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        Assert.Equal(
            new DataTopic(trainer.Job, trainer.Channel, trainer.Group, trainer.Agent, trainer.Self, "aggregator"), topics.Read(topics.Data(trainer, null)));
        Assert.Equal(
            new HereTopic(trainer.Job, trainer.Channel, trainer.Group, trainer.Agent, trainer.Self), topics.Read(topics.Here(trainer, trainer.Agent, trainer.Self)));
        Assert.Equal(new AliveTopic(trainer.Agent), topics.Read(topics.Alive(trainer.Agent)));
    }

    [Theory]
    [InlineData(BulletinKind.Spec, "flameedge/job/digits/device-0/spec")]
    [InlineData(BulletinKind.State, "flameedge/job/digits/device-0/state")]
    [InlineData(BulletinKind.Round, "flameedge/job/digits/device-0/round")]
    [InlineData(BulletinKind.Event, "flameedge/job/digits/device-0/event")]
    public void A_jobs_notices_stand_under_the_job(BulletinKind kind, string expected)
    {
        var topic = BulletinTopic.OfJob(trainer.Job, trainer.Agent, kind);

        Assert.Equal(expected, topics.Notice(topic));
        Assert.Equal(new NoticeTopic(topic), topics.Read(expected));
    }

    [Theory]
    [InlineData(BulletinKind.Birth, "flameedge/fleet/device-0/birth")]
    [InlineData(BulletinKind.State, "flameedge/fleet/device-0/state")]
    [InlineData(BulletinKind.Metrics, "flameedge/fleet/device-0/metrics")]
    [InlineData(BulletinKind.Event, "flameedge/fleet/device-0/event")]
    [InlineData(BulletinKind.Task, "flameedge/fleet/device-0/task")]
    [InlineData(BulletinKind.Config, "flameedge/fleet/device-0/config")]
    public void An_agents_notices_stand_under_the_fleet(BulletinKind kind, string expected)
    {
        var topic = BulletinTopic.OfFleet(trainer.Agent, kind);

        Assert.Equal(expected, topics.Notice(topic));
        Assert.Equal(new NoticeTopic(topic), topics.Read(expected));
    }

    [Theory]
    [InlineData("")]
    [InlineData("flameedge")]
    [InlineData("other/fleet/device-0/alive")]
    [InlineData("flameedge/fleet/device-0/unheard-of")]
    [InlineData("flameedge/data/a/b/c/d/e/f/g")]
    public void Other_topics_are_none_of_ours(string topic) => Assert.Null(topics.Read(topic));

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("+")]
    [InlineData("Upper")]
    public void A_prefix_is_one_safe_level(string prefix) => Assert.Throws<ChannelException>(() => new TopicScheme(prefix));
}
