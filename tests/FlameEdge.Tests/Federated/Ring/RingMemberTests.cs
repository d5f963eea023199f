using FlameEdge.Federated.Ring;

namespace FlameEdge.Tests.Federated.Ring;

public class RingMemberTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 1)]
    [InlineData(8, 1000)]
    [InlineData(9, 4)]
    public void Nobody_sends_more_than_twice_its_share_of_the_model(int count, int length)
    {
        var schedule = new RingSchedule(count, length);
        RingMember[] members = [.. Enumerable.Range(0, count).Select(position => new RingMember(schedule, position, [.. Enumerable.Range(0, length).Select(i => (float)(position + i))]))];

        var sent = RingRun.Run(schedule, members, (_, _) => { });

        Assert.All(sent, values => Assert.InRange(values, 0, 2 * (count - 1) * ((length / count) + 1)));
        Assert.All(members, member => Assert.Equal(Enumerable.Range(0, length).Select(i => (float)((count * i) + (count * (count - 1) / 2))), member.Values.ToArray()));
    }

    [Fact]
    public void A_message_of_another_length_or_with_NaN_is_refused_and_the_step_goes_on()
    {
        var schedule = new RingSchedule(2, 4);
        var member = new RingMember(schedule, 0, [1, 2, 3, 4]);

        Assert.Throws<ArgumentOutOfRangeException>(() => member.Receive([1]));
        Assert.Throws<ArgumentException>(() => member.Receive([1, float.NaN]));
        member.Receive([10, 10]);

        Assert.Equal([1f, 2, 13, 14], member.Values.ToArray());
    }

    [Fact]
    public void A_complete_ring_has_nothing_to_send()
    {
        var alone = new RingMember(new RingSchedule(1, 2), 0, [1, 2], 7, 7);

        Assert.True(alone.IsComplete);
        Assert.Throws<InvalidOperationException>(() => alone.OutgoingRange);
        Assert.Equal([1f, 2], alone.Values.ToArray());
    }
}
