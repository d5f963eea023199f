using FlameEdge.Federated.Ring;
using FlameEdge.Tests.Federated.Aggregation;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Ring;

[Trait("Category", "Golden")]
public class RingGoldenTests
{
    public static TheoryData<string, int> RingCases => Cases("ring");

    [Theory]
    [MemberData(nameof(RingCases))]
    public void Every_send_of_the_schedule_and_the_sum_agree(string name, int index)
    {
        var item = Case(name, index);
        var schedule = new RingSchedule(item.Whole("members"), item.Whole("length"));
        Assert.All(item.GetProperty("chunk_ranges").EnumerateArray(), (range, chunk) => Assert.Equal(range.Wholes(), Ends(schedule.Chunk(chunk))));
        RingMember[] members = [.. item.Rows("inputs").Select((values, position) => new RingMember(schedule, position, values))];
        var sends = new List<(int Phase, int Step, int From, int To, int Chunk, float[] Values)>();

        var sent = RingRun.Run(schedule, members, (step, from) =>
            sends.Add((step / (schedule.Members - 1), step % (schedule.Members - 1), from, (from + 1) % schedule.Members, schedule.SentChunk(from, step), members[from].Outgoing.ToArray())));

        Assert.Equal(item.Wholes("values_sent_per_member"), sent);
        Assert.All(members, member => Assert.Equal(item.Floats("sum"), member.Values.ToArray()));
        Assert.Equal(item.GetProperty("sends").GetArrayLength(), sends.Count);
        foreach (var expected in item.GetProperty("sends").EnumerateArray())
        {
            var phase = expected.GetProperty("phase").GetString() == "reduce" ? 0 : 1;
            var send = Assert.Single(sends, send => (send.Phase, send.Step, send.From) == (phase, expected.Whole("step"), expected.Whole("from")));
            Assert.Equal((expected.Whole("to"), expected.Whole("chunk")), (send.To, send.Chunk));
            Assert.Equal(expected.Wholes("range"), Ends(schedule.Chunk(send.Chunk)));
            if (expected.TryGetProperty("values", out var values))
            {
                Assert.Equal(values.Floats(), send.Values);
            }
        }
    }

    private static int[] Ends(RingRange range) => [range.From, range.To];

    [Theory]
    [MemberData(nameof(RingCases))]
    public void Weighted_members_end_with_the_weighted_mean(string name, int index)
    {
        var item = Case(name, index);
        var schedule = new RingSchedule(item.Whole("members"), item.Whole("length"));
        var counts = item.Wholes("sample_counts");
        RingMember[] members = [.. item.Rows("inputs").Select((values, position) => new RingMember(schedule, position, values, counts[position], counts.Sum()))];

        RingRun.Run(schedule, members, (_, _) => { });

        Assert.All(members, member => AssertClose(item.Doubles("weighted_mean"), member.Values, 1e-6));
    }
}

/// <summary>A ring in one process: all send, then all receive.</summary>
internal static class RingRun
{
    public static int[] Run(RingSchedule schedule, RingMember[] members, Action<int, int> beforeSend)
    {
        var sent = new int[members.Length];
        for (var step = 0; step < schedule.Steps; step++)
        {
            for (var from = 0; from < members.Length; from++)
            {
                beforeSend(step, from);
            }

            float[][] messages = [.. members.Select(member => member.Outgoing.ToArray())];
            for (var from = 0; from < members.Length; from++)
            {
                sent[from] += messages[from].Length;
                members[(from + 1) % members.Length].Receive(messages[from]);
            }
        }

        Assert.All(members, member => Assert.True(member.IsComplete));
        return sent;
    }
}
