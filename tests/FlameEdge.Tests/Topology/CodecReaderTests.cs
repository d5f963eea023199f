using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

public class CodecReaderTests
{
    [Theory]
    [InlineData("\"float16\"", "float16", "float16")]
    [InlineData("[ \"bfloat16\" ]", "bfloat16", "bfloat16")]
    [InlineData("{ \"up\": [ \"top-k 1%\", \"int8\" ], \"down\": \"float16\" }", "top-k 1% + int8", "float16")]
    [InlineData("{ \"up\": \"top-k 0.25%\" }", "top-k 0.25%", "float32")]
    [InlineData("{ \"up\": \"sign\", \"down\": [ \"delta\", \"int8 64\" ] }", "sign", "delta + int8 64")]
    [InlineData("{ \"down\": [ \"delta\", \"top-k 10%\" ] }", "float32", "delta + top-k 10%")]
    [InlineData("null", "float32", "float32")]
    public void A_channel_names_a_codec_for_both_directions_or_for_each(string codec, string up, string down)
    {
        var job = JobTexts.Sound(JobTexts.ThreeTiers.Replace("\"groupBy\": \"default\"", $"\"codec\": {codec}", StringComparison.Ordinal));

        var channel = job.Graph.Channels.Single(channel => channel.Name == new ChannelName("global"));
        Assert.Equal((up, down), (channel.UpCodec.ToString(), channel.DownCodec.ToString()));
        Assert.Equal(CodecSpec.Plain, job.Graph.Channels[0].UpCodec);
    }
}
