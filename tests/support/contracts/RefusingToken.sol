// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A dollar token with six decimals that refuses to pay listed accounts, as USDC and USDT do.
contract RefusingToken {
    event Transfer(address indexed from, address indexed to, uint256 value);

    uint8 public constant decimals = 6;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => bool) public isRefused;

    constructor(address holder, uint256 supply) {
        balanceOf[holder] = supply;
        emit Transfer(address(0), holder, supply);
    }

    function refuse(address account, bool refused) external {
        isRefused[account] = refused;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        require(!isRefused[to], "recipient is on the list");
        require(balanceOf[msg.sender] >= value, "balance too low");
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
