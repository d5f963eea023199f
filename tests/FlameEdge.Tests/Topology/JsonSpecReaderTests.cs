using System.Text;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

public class JsonSpecReaderTests
{
    [Fact]
    public void Every_node_knows_its_line_and_column()
    {
        var root = (SpecMapping)Read("{\n  \"ä\": [ 1, \"x\",\n true ],\r\n\t\"b\": null }", out _)!;

        var list = (SpecSequence)root["ä"]!;
        Assert.Equal(["f.json:2:8", "f.json:2:10", "f.json:2:13", "f.json:3:2"], new SpecNode[] { list }.Concat(list.Items).Select(node => node.Position.ToString()));
        Assert.Equal("f.json:4:7", root["b"]!.Position.ToString());
        Assert.True(((SpecScalar)root["b"]!).IsNull);
        Assert.Equal((true, false), (((SpecScalar)list.Items[1]).IsQuoted, ((SpecScalar)list.Items[0]).IsQuoted));
    }

    [Theory]
    [InlineData("{ \"a\": 1, }", "f.json:1:11: malformed JSON")]
    [InlineData("{ \"a\": 1 }\n}", "f.json:2:1: malformed JSON")]
    [InlineData("{ // no\n }", "f.json:1:3: malformed JSON")]
    [InlineData("", "f.json:1:1: malformed JSON")]
    [InlineData("{ \"a\": 1, \"a\": 2 }", "f.json:1:11: the key 'a' stands here twice")]
    [InlineData("{ \"a\": \"\\ud800\" }", "f.json:1:8: this string holds half a character")]
    public void Anything_but_JSON_is_refused_with_its_place(string text, string problem)
    {
        Assert.Null(Read(text, out var found));
        Assert.StartsWith(problem, found.All[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        var found = new SpecProblems();

        Assert.Null(JsonSpecReader.Read([0xff, 0xfe, 0x00], "f.json", found));
        Assert.Contains("not a text in UTF-8", found.All[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_has_an_end()
    {
        Assert.Null(Read(new string('[', 100_000), out var found));
        Assert.Contains("malformed JSON", found.All[0].Message, StringComparison.Ordinal);
    }

    private static SpecNode? Read(string text, out SpecProblems found)
    {
        found = new SpecProblems();
        return JsonSpecReader.Read(Encoding.UTF8.GetBytes(text), "f.json", found);
    }
}
