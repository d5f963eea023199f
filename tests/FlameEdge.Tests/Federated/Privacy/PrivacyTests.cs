using System.Security.Cryptography;
using FlameEdge.Federated.Privacy;

namespace FlameEdge.Tests.Federated.Privacy;

public class PrivacyTests
{
    [Theory]
    [InlineData(0.01, 1.0)]
    [InlineData(0.3, 0.4)]
    [InlineData(0.5, 6.0)]
    public void Whole_orders_agree_with_the_closed_sum(double q, double sigma)
    {
        for (var order = 2; order <= 64; order++)
        {
            // A = Σ C(α, k) (1 − q)^(α − k) q^k e^((k² − k) / (2σ²)), in logarithms.
            var (logs, logChoose) = (new List<double>(), 0.0);
            for (var k = 0; k <= order; k++)
            {
                logs.Add(logChoose + ((order - k) * Math.Log(1 - q)) + (k * Math.Log(q)) + (((k * k) - k) / (2 * sigma * sigma)));
                logChoose += Math.Log(order - k) - Math.Log(k + 1);
            }

            var closed = (logs.Max() + Math.Log(logs.Sum(log => Math.Exp(log - logs.Max())))) / (order - 1);
            Assert.Equal(closed, RdpAccountant.Divergence(q, sigma, order), 1e-9 * Math.Max(1e-4, closed));
        }
    }

    [Fact]
    public void Nobody_sampled_spends_nothing_and_no_step_spends_nothing()
    {
        Assert.Equal(0, RdpAccountant.Divergence(0, 1, 8));
        Assert.Equal(0, new RdpAccountant(0.5, 1).Epsilon(0, 1e-5).Epsilon);
        Assert.Equal(0, new RdpAccountant(1, 0.1).LargestSteps(1, 1e-5));
        Assert.Equal(long.MaxValue, new RdpAccountant(0, 1).LargestSteps(1, 1e-5));
    }

    [Fact]
    public void More_noise_less_sampling_and_fewer_steps_spend_less()
    {
        var spent = new RdpAccountant(0.05, 1).Epsilon(100, 1e-5).Epsilon;

        Assert.True(new RdpAccountant(0.05, 1.1).Epsilon(100, 1e-5).Epsilon < spent);
        Assert.True(new RdpAccountant(0.04, 1).Epsilon(100, 1e-5).Epsilon < spent);
        Assert.True(new RdpAccountant(0.05, 1).Epsilon(99, 1e-5).Epsilon < spent);
    }

    [Fact]
    public void Drawn_normals_have_the_moments_of_a_normal()
    {
        var normals = new double[100_001];
        SecretNormals.Fill(normals);

        // Six deviations of each estimate.
        Assert.InRange(normals.Average(), -0.019, 0.019);
        Assert.InRange(normals.Average(value => value * value), 1 - 0.027, 1 + 0.027);
        Assert.InRange(normals.Average(value => Math.Pow(value, 4)), 3 - 0.19, 3 + 0.19);
        Assert.InRange(normals.Zip(normals.Skip(1), (a, b) => a * b).Average(), -0.019, 0.019);
    }

    [Fact]
    public void A_mask_is_the_key_stream_of_the_published_test_vector()
    {
        // NIST SP 800-38A starts its counters elsewhere; block n of ours is AES-256 of n. FIPS 197, C.3, gives the cipher: checked through AES itself for blocks 0 and 256.
        var key = Convert.FromHexString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        using var aes = Aes.Create();
        aes.SetKey(key);
        Assert.Equal("8EA2B7CA516745BFEAFC49904B496089", Convert.ToHexString(aes.EncryptEcb(Convert.FromHexString("00112233445566778899aabbccddeeff"), PaddingMode.None)));
        var mask = new ulong[515];

        MaskStream.Fill(key, mask);

        Assert.Equal(BitConverter.ToUInt64(aes.EncryptEcb(new byte[16], PaddingMode.None)), mask[0]);
        Assert.Equal(BitConverter.ToUInt64(aes.EncryptEcb(Convert.FromHexString("00000000000000000000000000000100"), PaddingMode.None)), mask[512]);
        Assert.Equal(515, mask.Distinct().Count());
    }

    [Fact]
    public void An_update_that_is_not_finite_is_not_clipped_into_one() =>
        Assert.Throws<ArgumentException>(() => new DpFedAvg(1, 1).Clip([1, float.NaN]));

    [Fact]
    public void Values_that_would_wrap_round_are_refused()
    {
        var ring = new MaskedRing(32, 16);
        var limit = MathF.BitDecrement((float)ring.LargestValue(4));

        Assert.Throws<ArgumentException>(() => ring.Encode([limit * 1.01f], 4, new ulong[1]));
        Assert.Throws<ArgumentException>(() => ring.Encode([float.NaN], 4, new ulong[1]));
        var (sum, one) = (new ulong[1], new ulong[1]);
        for (var client = 0; client < 4; client++)
        {
            ring.Encode([-limit], 4, one);
            ring.Add(one, sum);
        }

        var decoded = new double[1];
        ring.Decode(sum, decoded);
        Assert.Equal(-4.0 * limit, decoded[0], 4.0 / (1 << 16));
    }
}
