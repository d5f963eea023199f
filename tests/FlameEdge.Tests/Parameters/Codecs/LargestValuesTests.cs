using CsCheck;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Tests.Parameters.Codecs;

public class LargestValuesTests
{
    [Fact]
    public void They_are_those_a_full_sort_finds_ties_by_the_lower_index() =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[0, 400], Gen.Int[1, 12]).SelectMany((length, count, kinds) => Gen.Select(Gen.Int[-kinds, kinds].Array[length], Gen.Const(Math.Min(count, length))))
            .Sample((values, count) => Expected([.. values.Select(value => value / 4f)], count).SequenceEqual(LargestValues.Find([.. values.Select(value => value / 4f)], count)));

    [Theory]
    [InlineData(1)]
    [InlineData(3_000)]
    [InlineData(299_999)]
    public void In_a_long_buffer_the_guess_changes_nothing(int count)
    {
        var random = new Random(7);
        float[] smooth = [.. Enumerable.Range(0, 300_000).Select(_ => (float)random.NextDouble() - 0.5f)];

        // Every value the sample sees is far below those it does not: the guess finds too many. And the other way round: too few.
        float[] high = [.. Enumerable.Range(0, 300_000).Select(i => i % 18 == 0 ? 0.001f * (i % 7) : 5 + (i % 11))];
        float[] low = [.. Enumerable.Range(0, 300_000).Select(i => i % 18 == 0 ? 5f + (i % 11) : 0.001f * (i % 7))];
        foreach (var values in new[] { smooth, high, low, new float[300_000] })
        {
            Assert.Equal(Expected(values, count), LargestValues.Find(values, count));
        }
    }

    private static int[] Expected(float[] values, int count) =>
        [.. Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(values[i])).ThenBy(i => i).Take(count).Order()];
}
