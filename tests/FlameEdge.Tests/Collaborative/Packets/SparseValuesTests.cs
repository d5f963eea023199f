using CsCheck;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Tests.Collaborative.Packets;

public class SparseValuesTests
{
    private static readonly Gen<float[]> s_vectors = Gen.Float[-4, 4].Array[1, 400];

    [Fact]
    public void The_largest_values_survive_within_half_a_step_and_the_others_are_zero() => s_vectors.SelectMany(vector => Gen.Int[0, vector.Length].Select(count => (vector, count))).Sample(
        sample =>
        {
            var sparse = SparseValues.Largest(sample.vector, sample.count);
            var restored = new float[sample.vector.Length];
            sparse.AddTo(restored);

            Assert.Equal(sample.count, sparse.Places.Count);
            var least = sample.count == 0 ? float.MaxValue : sparse.Places.Min(place => Math.Abs(sample.vector[place]));
            for (var i = 0; i < restored.Length; i++)
            {
                var isKept = sparse.Places.Contains(i);
                Assert.True(isKept || Math.Abs(sample.vector[i]) <= least);
                Assert.InRange(Math.Abs(restored[i] - (isKept ? sample.vector[i] : 0)), 0, ((float)sparse.Scale / 2) + 1e-6f);
            }
        },
        iter: 200,
        threads: 1);

    [Theory]
    [InlineData(10, true)] // 10 gaps of a byte against a mask of 5: every place costs a bit.
    [InlineData(2, false)]
    public void Places_are_written_as_whichever_is_smaller(int count, bool isMask)
    {
        var change = new SparseValues(40, [.. Enumerable.Range(0, count).Select(i => 3 * i)], (Half)1, new sbyte[count]);
        var refresh = new RefreshPacket(1, 2, 3, 4, [new ClassRefresh(5, 6, new KnowledgeClaims(0, 0, 0, 0, []), change)]);
        var bytes = PacketWriter.Write(refresh);

        // Head 4, two hashes 16, times 12, count 1; label and base 16, claims 7; length 1, count 1, places, scale 2, steps; checksum 4.
        Assert.Equal(4 + 16 + 12 + 1 + 16 + 7 + 1 + 1 + (isMask ? 5 : count) + 2 + count + 4, bytes.Length);
        Assert.Equal(change.Places, PacketReader.Read(bytes).Refresh!.Classes[0].Change.Places); // It is one.
    }

    [Fact]
    public void Any_refresh_comes_back() => s_vectors.SelectMany(vector => Gen.Int[0, vector.Length].Select(count => (vector, count))).Sample(
        sample =>
        {
            var refresh = new RefreshPacket(1, 2, 3, 4, [new ClassRefresh(5, 6, new KnowledgeClaims(0, 0, 0, 0, [2, 9]), SparseValues.Largest(sample.vector, sample.count))]);
            var bytes = PacketWriter.Write(refresh);
            Assert.Equal(bytes, PacketSamples.Written(PacketReader.Read(bytes)));
        },
        iter: 200,
        threads: 1);
}
