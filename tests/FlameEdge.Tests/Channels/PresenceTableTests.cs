using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>Who is there, worked out from what was posted, in whatever order it comes.</summary>
public sealed class PresenceTableTests
{
    private static readonly AgentId Device = new("device-0");
    private static readonly WorkerId Worker = Fleet.Trainer(0);
    private readonly FakeTimeProvider time = new();
    private readonly List<string> happened = [];
    private readonly PresenceTable table;

    public PresenceTableTests() => table = new PresenceTable(
        new Fleet(1).AggregatorEnd(),
        new PresenceOptions(),
        time,
        peer => happened.Add($"+{peer.Worker}#{peer.Incarnation}"),
        worker => happened.Add($"-{worker}"));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_worker_is_there_once_both_notes_agree(bool aliveFirst)
    {
        Post(aliveFirst ? [Online("a", 1), Here("a", 1)] : [Here("a", 1), Online("a", 1)]);

        Assert.Equal(["+trainer_0#1"], happened);
    }

    [Fact]
    public void A_note_of_an_older_session_does_not_count()
    {
        Post([Online("b", 1), Here("a", 1)]);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(happened);
    }

    [Fact]
    public void A_lost_agent_takes_its_worker_along_after_the_grace()
    {
        Post([Online("a", 1), Here("a", 1), Lost("a", 1)]);
        Assert.Single(happened);

        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(["+trainer_0#1", "-trainer_0"], happened);
    }

    [Fact]
    public void A_reconnect_within_the_grace_goes_unnoticed()
    {
        Post([Online("a", 1), Here("a", 1), Lost("a", 1), Online("a", 2)]);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(["+trainer_0#1"], happened);
    }

    [Fact]
    public void A_late_will_of_an_older_connection_or_session_is_ignored()
    {
        Post([Online("a", 2), Here("a", 1), Lost("a", 1), Lost("z", 9)]);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(["+trainer_0#1"], happened);
    }

    [Fact]
    public void What_a_connection_was_lost_with_is_its_last_word()
    {
        Post([Online("a", 1), Here("a", 1), Lost("a", 1), Online("a", 1)]);
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal("-trainer_0", happened[^1]);
    }

    [Fact]
    public void A_restart_within_the_grace_is_an_arrival_without_a_departure()
    {
        Post([Online("a", 1), Here("a", 1), Lost("a", 1), Online("b", 1), Here("b", 2)]);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(["+trainer_0#1", "+trainer_0#2"], happened);
    }

    [Fact]
    public void An_older_run_is_refused()
    {
        Post([Online("a", 1), Here("a", 5), Here("a", 4)]);

        Assert.Equal(["+trainer_0#5"], happened);
    }

    [Fact]
    public void Who_took_leave_may_come_back_with_a_lower_number()
    {
        Post([Online("a", 1), Here("a", 5), () => table.Here(Device, Worker, null), Online("b", 1), Here("b", 1)]);

        Assert.Equal(["+trainer_0#5", "-trainer_0", "+trainer_0#1"], happened);
    }

    [Fact]
    public void A_cleared_note_is_a_departure_at_once()
    {
        Post([Online("a", 1), Here("a", 1), () => table.Here(Device, Worker, null)]);

        Assert.Equal(["+trainer_0#1", "-trainer_0"], happened);
    }

    [Fact]
    public void Who_does_not_return_after_our_own_reconnect_has_left()
    {
        Post([Online("a", 1), Here("a", 1)]);

        table.Reconnected();
        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("-trainer_0", happened[^1]);
    }

    [Fact]
    public void Who_returns_after_our_own_reconnect_has_stayed()
    {
        Post([Online("a", 1), Here("a", 1)]);

        table.Reconnected();
        Post([Online("a", 1), Here("a", 1)]);
        time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(["+trainer_0#1"], happened);
    }

    [Fact]
    public void A_worker_on_another_device_than_planned_is_not_seen()
    {
        table.Alive(new AgentId("elsewhere"), new AliveNote("a", 1, AliveNote.Online));
        table.Here(new AgentId("elsewhere"), Worker, new HereNote("a", 1, 0));

        Assert.Empty(happened);
    }

    [Fact]
    public void Notes_that_are_none_are_read_as_null()
    {
        Assert.Null(PresenceJson.ReadAlive("{}"u8));
        Assert.Null(PresenceJson.ReadHere("[1,2"u8));
        Assert.Null(PresenceJson.ReadHere(new byte[5000]));
        Assert.Equal(new HereNote("s", 2, 3), PresenceJson.ReadHere("{\"session\":\"s\",\"incarnation\":2,\"samples\":3,\"more\":true}"u8));
    }

    [Fact]
    public void A_peers_address_that_cannot_be_one_is_left_out_and_one_that_can_is_read()
    {
        var address = new PeerAddress("10.0.0.7", 47000, new string('A', 64));
        var note = new HereNote("s", 2, 3) { Peer = address };

        Assert.Equal(note, PresenceJson.ReadHere(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(note, PresenceJson.Default.HereNote)));
        Assert.Equal("{\"session\":\"s\",\"incarnation\":2,\"samples\":3}", System.Text.Json.JsonSerializer.Serialize(note with { Peer = null }, PresenceJson.Default.HereNote));
        foreach (var wrong in new[] { "{\"host\":\"\",\"port\":1}", "{\"host\":\"h\",\"port\":0}", "{\"host\":\"h\",\"port\":65536}", "{\"host\":\"h\",\"port\":1,\"fingerprint\":\"abc\"}", "{\"port\":1}" })
        {
            Assert.Equal(note with { Peer = null }, PresenceJson.ReadHere(System.Text.Encoding.UTF8.GetBytes($"{{\"session\":\"s\",\"incarnation\":2,\"samples\":3,\"peer\":{wrong}}}")));
        }
    }

    [Fact]
    public void A_choice_of_a_replica_is_read_and_one_that_cannot_be_is_left_out()
    {
        var note = new HereNote("s", 2, 3) { Replica = new("middle_1", new("middle_0", "run", 7)) };

        Assert.Equal(note, PresenceJson.ReadHere(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(note, PresenceJson.Default.HereNote)));
        foreach (var wrong in new[] { "{}", "{\"with\":\"\"}", $"{{\"with\":\"{new string('m', 65)}\"}}", "{\"with\":\"middle_1\",\"given\":{\"run\":\"run\",\"round\":7}}" })
        {
            Assert.Equal(note with { Replica = null }, PresenceJson.ReadHere(System.Text.Encoding.UTF8.GetBytes($"{{\"session\":\"s\",\"incarnation\":2,\"samples\":3,\"replica\":{wrong}}}")));
        }
    }

    [Fact]
    public void A_worker_that_chooses_another_replica_is_told_of_once_more_and_has_not_left()
    {
        Post([Online("a", 1), Chooses("middle_0"), Chooses("middle_0"), Chooses("middle_1")]);

        Assert.Equal(["+trainer_0#1", "+trainer_0#1"], happened);

        Action Chooses(string replica) => () => table.Here(Device, Worker, new HereNote("a", 1, 0) { Replica = new(replica) });
    }

    private static void Post(Action[] notes)
    {
        foreach (var note in notes)
        {
            note();
        }
    }

    private Action Online(string session, int connection) => () => table.Alive(Device, new AliveNote(session, connection, AliveNote.Online));

    private Action Lost(string session, int connection) => () => table.Alive(Device, new AliveNote(session, connection, AliveNote.Lost));

    private Action Here(string session, long incarnation) => () => table.Here(Device, Worker, new HereNote(session, incarnation, 0));
}
