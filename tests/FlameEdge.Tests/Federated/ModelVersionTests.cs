using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Tests.Federated;

/// <summary>Models that go down as changes: both ends hold the same version, or the lower one asks.</summary>
public class ModelVersionTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of([("w", [500], ParameterKind.Trainable)]);
    private static readonly UpdateCodec Codec = new(new Int8Values(64), isDelta: true);
    private readonly ModelWriter writer = new(Codec);
    private readonly ModelReader reader = new(Codec);

    [Fact]
    public void Both_ends_hold_the_same_bits_and_stay_near_the_model()
    {
        for (var round = 1; round <= 5; round++)
        {
            var sent = Next(writer, Model(round));

            Assert.True(TryRead(reader, sent.Base, sent.Against, sent.Body, out var read));
            Assert.Equal(writer.Held!.ContentHash(), new ParameterSet(Layout, read).ContentHash());
            Assert.All(read.Zip(Model(round).Values.ToArray()), pair => Assert.Equal(pair.Second, pair.First, 0.01f));
            Assert.Equal(round > 1, sent.Against is not null);
        }
    }

    [Fact]
    public void Who_missed_a_version_asks_and_reads_the_whole()
    {
        var late = new ModelReader(Codec);
        Next(writer, Model(1));
        var sent = Next(writer, Model(2));

        Assert.False(TryRead(late, sent.Base, sent.Against, sent.Body, out _));
        Assert.True(TryRead(late, sent.Base, null, sent.Whole.Value, out var whole));
        Assert.Equal(sent.Base, new ParameterSet(Layout, whole).ContentHash());

        // And the same request once more, as a change it has applied by now.
        Assert.True(TryRead(late, sent.Base, sent.Against, sent.Body, out var again));
        Assert.Equal(whole, again);
        var next = Next(writer, Model(3));
        Assert.True(TryRead(late, next.Base, next.Against, next.Body, out _));
    }

    [Fact]
    public void A_change_that_leads_elsewhere_is_refused_and_its_version_is_not_held()
    {
        var first = Next(writer, Model(1));
        TryRead(reader, first.Base, null, first.Body, out _);
        var sent = Next(writer, Model(2));
        var forged = sent.Body.ToArray();
        forged[^1] ^= 1;

        Assert.Throws<PayloadException>(() => TryRead(reader, sent.Base, sent.Against, new ReadOnlySequence<byte>(forged), out _));

        Assert.False(TryRead(reader, sent.Base, sent.Against, sent.Body, out _));
        Assert.True(TryRead(reader, sent.Base, null, sent.Whole.Value, out _));
    }

    [Fact]
    public void A_model_the_codec_cannot_carry_ends_the_job_with_a_remedy()
    {
        var model = Model(1);
        model.Values[3] = 1e6f;

        var error = Assert.Throws<JobFailedException>(() => Next(new ModelWriter(new UpdateCodec(new Float16Values())), model));

        Assert.Contains("bfloat16", error.Message, StringComparison.Ordinal);
    }

    private static OutgoingModel Next(ModelWriter writer, ParameterSet model) => writer.Next(model, model.ContentHash());

    private static ParameterSet Model(int round) => new(Layout, [.. Enumerable.Range(0, 500).Select(i => MathF.Sin(i + (0.01f * round * i)) * 0.5f)]);

    private static bool TryRead(ModelReader reader, string hash, string? against, ReadOnlySequence<byte> body, out float[] values)
    {
        var head = new ModelHead { Run = "run", Base = hash, Against = against, RemainingSeconds = 1, StepExponent = 0, WeightLimit = 1, LargestValue = 1 };
        var read = reader.TryRead(head, body, Layout);
        values = read?.Values.ToArray() ?? [];
        return read is not null;
    }
}
