using System.Buffers;
using FlameEdge.Federated;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class UpdateWriterTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of([("w", [8], ParameterKind.Trainable)]);
    private readonly MemoryStateStore state = new();

    [Fact]
    public async Task What_was_left_out_goes_with_the_next_update()
    {
        var first = Sent(await KeepAsync(1, "run", 1, 2, 3, 4, 0, 0, 0, 0));
        var second = Sent(await KeepAsync(2, "run", 1, 2, 3, 4, 0, 0, 0, 0));
        var third = Sent(await KeepAsync(3, "run", 1, 2, 3, 0, 0, 0, 0, 0));

        Assert.Equal([0, 0, 0, 4, 0, 0, 0, 0], first);
        Assert.Equal([0, 0, 6, 0, 0, 0, 0, 0], second);
        Assert.Equal([0, 6, 0, 0, 0, 0, 0, 0], third);
    }

    [Fact]
    public async Task A_repeated_round_starts_from_the_error_it_started_from_before_and_another_run_from_none()
    {
        await KeepAsync(1, "run", 1, 2, 3, 4, 0, 0, 0, 0);
        var once = await KeepAsync(2, "run", 1, 2, 3, 4, 0, 0, 0, 0);

        Assert.Equal(once, await KeepAsync(2, "run", 1, 2, 3, 4, 0, 0, 0, 0));
        Assert.Equal(4, Sent(await KeepAsync(3, "another", 1, 2, 3, 4, 0, 0, 0, 0))[3]);
    }

    [Fact]
    public async Task An_update_that_is_not_finite_leaves_the_error_as_it_was()
    {
        await KeepAsync(1, "run", 1, 2, 3, 4, 0, 0, 0, 0);
        await KeepAsync(2, "run", float.NaN, 0, 0, 0, 0, 0, 0, 0);

        var after = Sent(await KeepAsync(3, "run", 0, 0, 0, 0, 0, 0, 0, 0));

        Assert.Equal([0, 0, 3, 0, 0, 0, 0, 0], after);
    }

    // A writer of its own each time, as after a restart.
    private async Task<byte[]> KeepAsync(int round, string run, params float[] change)
    {
        var writer = new UpdateWriter(new UpdateCodec(new Float32Values(), 0.125), state, new WorkerId("trainer_0"));
        var head = new UpdateHead { Run = run, Base = "base", Samples = 1 };
        var (_, body) = await writer.KeepAsync(round, head, new ParameterSet(Layout, change), null, TestContext.Current.CancellationToken);
        return body.ToArray();
    }

    private static float[] Sent(byte[] body)
    {
        var values = new float[8];
        new UpdateCodec(new Float32Values(), 0.125).Decode(new ReadOnlySequence<byte>(body), Layout, values);
        return values;
    }
}
